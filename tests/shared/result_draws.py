"""Results and filters for property tests of queries: few values, so that they often meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from evosplit.shared.result import Result
from evosplit.shared.result_query import ResultFilter

LABELS = ("car", "truck", "Ünder_100%")
STREAMS = ("gate", "yard")
TEXTS = ("AB 123", "ab!_9%", "ÄÖ-7", "x")
DIGESTS = ("ab" * 32, "abc" + "0" * 61, "f" * 64)
SHARES = st.sampled_from([0.1, 0.5, 0.50001, 0.9])
SIDE = st.sampled_from([0.0, 10.0, 50.0, 99.5])


def _box(left: float, top: float, wide: float, high: float, label: str, score: float) -> dict[str, Any]:
    return {"class": 1, "label": label, "score": score, "box": [left, top, left + wide, top + high]}


OUTCOMES = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            "boxes": st.lists(
                st.builds(_box, SIDE, SIDE, SIDE, SIDE, st.sampled_from(LABELS), SHARES), max_size=3
            )
        }
    ),
    st.fixed_dictionaries(
        {"top": st.lists(st.fixed_dictionaries({"label": st.sampled_from(LABELS), "score": SHARES}))}
    ),
    st.fixed_dictionaries({"text": st.sampled_from(TEXTS)}),
    st.fixed_dictionaries({"shape": st.just([1, 2])}),
)
RESULTS = st.builds(
    Result,
    frame_id=st.integers(0, 30).map(lambda number: f"f{number}"),
    stream=st.sampled_from(STREAMS),
    model=st.sampled_from(["net", "other"]),
    received_at_s=st.integers(0, 6).map(float),
    answered_by=st.sampled_from(["edge", "cloud", "nobody"]),
    outcome=OUTCOMES,
    confidence=st.none() | SHARES,
    plan_digest=st.none() | st.sampled_from(DIGESTS),
    wire_bytes=st.just(7),
    cut_key=st.none() | st.sampled_from(["3", "12"]),
    late=st.booleans(),
)
FILTERS = st.builds(
    ResultFilter,
    since_s=st.none() | st.sampled_from([1.0, 2.5]),
    until_s=st.none() | st.sampled_from([3.0, 5.5]),
    stream=st.none() | st.sampled_from([*STREAMS, "nobody's"]),
    model=st.none() | st.just("net"),
    label=st.none() | st.sampled_from([*LABELS, "under_100%"]),
    min_confidence=st.none() | SHARES,
    text=st.none() | st.sampled_from(["b", "B!_", "%", "öÖ", "ä", "AB 123"]),
    region=st.none() | st.sampled_from([(0.0, 0.0, 30.0, 30.0), (20.0, 0.0, 200.0, 60.0)]),
    plan=st.none() | st.sampled_from(["ab", "abc", "f" * 64]),
    cut=st.none() | st.just("3"),
    answered_by=st.none() | st.sampled_from(["edge", "nobody"]),
    late=st.none() | st.booleans(),
    failed=st.none() | st.booleans(),
    limit=st.integers(1, 5),
    order=st.sampled_from(["asc", "desc"]),
)
