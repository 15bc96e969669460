"""Queries of a million stored results, and how fast results are stored.

A store of an agent is filled as an agent fills it (one transaction for what has come meanwhile). Results
have up to three boxes with five labels of very different frequency, or a text that hardly ever comes twice,
from eight streams over thirty days; every hundredth frame was late. Pages of 100 are asked for with every
kind of filter, rare and frequent ones, the first page and one from the middle; medians of several.
"""

from __future__ import annotations

import dataclasses
import functools
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.report import write_result
from evosplit.edge.results.query import count_results, query_results
from evosplit.edge.results.store import Store
from evosplit.shared.result import AnsweredBy, Breakdown, Result
from evosplit.shared.result_query import ResultFilter
from evosplit.shared.result_query.count_request import CountRequest
from evosplit.shared.result_query.cursor import cursor_of

RESULTS: Final = 1_000_000
ROUNDS: Final = 5
DAYS: Final = 30
_BEGIN_S: Final = 1.7e9
_SPAN_S: Final = DAYS * 86400.0
_LABELS: Final = ("person", "car", "truck", "bus", "tank")
_WEIGHTS: Final = (60.0, 35.0, 4.5, 0.49, 0.01)
_ANSWERERS: Final[tuple[AnsweredBy, ...]] = ("cloud", "edge", "exit", "nobody")
_QUEUED: Final = 256
TARGETS: Final = {"page_s": 0.05, "stored_per_s": 500}


def main() -> None:
    """Fill, measure, write the result."""
    with tempfile.TemporaryDirectory(prefix="evosplit-history-") as folder:
        store = Store(Path(folder) / "results.sqlite", keep_results=2 * RESULTS, keep_bytes=10**11)
        started_s = time.perf_counter()
        _fill(store)
        stored_per_s = RESULTS / (time.perf_counter() - started_s)
        pages = {name: _page(store, wanted) for name, wanted in _filters()}
        asked = [
            CountRequest(_week(), by, split)
            for by, split in (("day", None), ("hour", "stream"), ("day", "label"))
        ]
        counts = {
            f"{each.by}, {each.split}": _timed(functools.partial(count_results, store, each))
            for each in asked
        }
        size_bytes = sum(path.stat().st_size for path in Path(folder).iterdir())
        store.close()
    slowest = max(max(row["first_s"], row["middle_s"]) for row in pages.values())
    told = {"results": RESULTS, "stored_per_s": stored_per_s, "size_bytes": size_bytes}
    write_result(
        "history", {"targets": TARGETS, **told, "slowest_page_s": slowest, "pages": pages, "counts_s": counts}
    )


def _fill(store: Store) -> None:
    waiting = [store.finish(result) for result in _results(_QUEUED)]
    for number, result in enumerate(_results(RESULTS - _QUEUED, _QUEUED)):
        waiting[number % _QUEUED].result()
        waiting[number % _QUEUED] = store.finish(result)
    for done in waiting:
        done.result()


def _results(count: int, first: int = 0) -> Iterator[Result]:
    draws = random.Random(first)  # noqa: S311 - the same results in every run
    for number in range(first, first + count):
        is_late = number % 100 == 0
        moment_s = _BEGIN_S + _SPAN_S * number / RESULTS - (7200.0 if is_late else draws.random())
        by = draws.choices(_ANSWERERS, (60, 30, 9.9, 0.1))[0]
        yield Result(
            *(f"frame-{number:07d}", f"camera-{number % 8}", "yolox_nano", moment_s),
            answered_by=by,
            outcome=None if by == "nobody" else _outcome(draws),
            confidence=draws.random(),
            plan_digest=f"{number % 20:02x}" * 32,
            wire_bytes=4000,
            breakdown=Breakdown(total_s=0.1),
            cut_key=str(number % 5),
            late=is_late,
        )


def _outcome(draws: random.Random) -> dict[str, Any]:
    if draws.random() < 0.2:
        return {"text": f"{draws.choice('ABCDEFG')}{draws.choice('KLMN')} {draws.randrange(10**6):06d}"}
    labels = draws.choices(_LABELS, _WEIGHTS, k=draws.randrange(1, 4))
    corners = ((draws.uniform(0, 1900), draws.uniform(0, 1060)) for _ in labels)
    return {
        "boxes": [
            {"class": 1, "label": label, "score": draws.random(), "box": [x, y, x + 20, y + 20]}
            for label, (x, y) in zip(labels, corners, strict=True)
        ]
    }


def _week() -> ResultFilter:
    return ResultFilter(since_s=_BEGIN_S + _SPAN_S - 7 * 86400.0)


def _filters() -> list[tuple[str, ResultFilter]]:
    middle_s = _BEGIN_S + _SPAN_S / 2
    return [
        ("everything", ResultFilter()),
        ("the last week", _week()),
        ("an hour in the middle", ResultFilter(since_s=middle_s, until_s=middle_s + 3600)),
        ("before the middle", ResultFilter(until_s=middle_s)),
        ("a stream", ResultFilter(stream="camera-3")),
        ("no such stream", ResultFilter(stream="camera-9")),
        ("a frequent label", ResultFilter(label="person")),
        ("a label of one in two hundred", ResultFilter(label="bus")),
        ("a label of one in ten thousand", ResultFilter(label="tank")),
        ("a label, very sure", ResultFilter(label="car", min_confidence=0.999)),
        ("anything very sure", ResultFilter(min_confidence=0.9999)),
        ("a label in a corner", ResultFilter(label="truck", region=(0, 0, 100, 100))),
        ("a stream, a label, a day", ResultFilter(
            stream="camera-1", label="truck", since_s=middle_s, until_s=middle_s + 86400)),
        ("who answered", ResultFilter(answered_by="exit")),
        ("failures", ResultFilter(failed=True)),
        ("late", ResultFilter(late=True)),
        ("a plan", ResultFilter(plan="0b")),
        ("a cut", ResultFilter(cut="2")),
        ("a part of a text that is often read", ResultFilter(text="bk 1")),
        ("a part of a text that was never read", ResultFilter(text="zz 9")),
    ]  # fmt: skip


def _page(store: Store, wanted: ResultFilter) -> dict[str, float]:
    middle = dataclasses.replace(wanted, cursor=cursor_of(RESULTS // 2))
    first = query_results(store, wanted)
    return {
        "results": len(first.results),
        "first_s": _timed(lambda: query_results(store, wanted)),
        "middle_s": _timed(lambda: query_results(store, middle)),
    }


def _timed(work: Any) -> float:  # noqa: ANN401 - any call without arguments
    taken = []
    for _ in range(ROUNDS):
        started_s = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started_s)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
