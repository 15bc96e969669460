"""When what is kept of a stream is dropped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evosplit.edge.streams.stream_ends import StreamEnds

SIZE = (24, 32, 3)


def test_a_stream_that_goes_on_is_remembered() -> None:
    seen = StreamEnds(quiet_s=10)
    assert [seen.see("a", SIZE, now_s) for now_s in (0.0, 1.0, 9.0)] == [()] * 3


def test_another_size_is_another_stream() -> None:
    seen = StreamEnds()
    assert seen.see("a", SIZE, 0.0) == ()
    assert seen.see("a", (48, 64, 3), 1.0) == ("a",)
    assert seen.see("a", (48, 64, 3), 2.0) == ()


def test_quiet_streams_are_over_and_begin_anew() -> None:
    seen = StreamEnds(quiet_s=10)
    seen.see("a", SIZE, 0.0)
    assert seen.see("b", SIZE, 11.0) == ("a",)
    assert seen.see("b", SIZE, 30.0) == ("b",)
    assert seen.see("a", SIZE, 31.0) == ()


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([(1,), (2,)]), st.floats(0, 9)), max_size=60
    )
)
def test_no_more_streams_than_allowed_are_held(frames: list[tuple[str, tuple[int, ...], float]]) -> None:
    """Every stream that is held was announced as over before it is dropped."""
    seen, now_s, held = StreamEnds(quiet_s=10, most=3), 0.0, set[str]()
    for stream, size, later_s in frames:
        now_s += later_s
        over = seen.see(stream, size, now_s)
        held = (held - set(over)) | {stream}
        assert len(held) <= 3
