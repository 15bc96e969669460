"""The header by which a cloud tells its queue: written, read, and never believed blindly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.oip import SERVER_TIMING, queue_wait_s, server_timing_header


@given(st.floats(0, 3000), st.floats(0, 3000))
def test_what_is_written_is_read(queue_s: float, total_s: float) -> None:
    header = server_timing_header(queue_s, total_s)
    assert queue_wait_s(header[SERVER_TIMING]) == pytest.approx(queue_s, abs=1e-6)


@given(st.text(max_size=40))
def test_any_text_is_a_wait_or_none(text: str) -> None:
    wait_s = queue_wait_s(text)
    assert wait_s is None or 0 <= wait_s <= 3600


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        (None, None),
        ("", None),
        ("cdn;dur=3, queue;dur=12.5", 0.0125),
        ("queue;dur=0", 0.0),
        ("requeue;dur=5", None),
        ("queue;dur=-1", None),
        ("queue;dur=nan", None),
        ("queue;dur=1e99", None),
        ("queue;dur=1-1", None),
        ('queue;desc="x"', None),
    ],
)
def test_other_servers_write_it_as_well(text: str | None, wait_s: float | None) -> None:
    assert queue_wait_s(text) == wait_s
