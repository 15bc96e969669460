"""Shares of work: all are run once, errors reach the caller, and calls may come from several threads."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from kernels.masked.threads import run_all, shares


@pytest.mark.parametrize(
    ("count", "parts", "multiple"), [(0, 3, 4), (1, 3, 4), (100, 3, 12), (7, 9, 1), (24, 2, 12)]
)
def test_shares_cover_all_once(count, parts, multiple):
    found = shares(count, parts, multiple)
    assert [i for start, stop in found for i in range(start, stop)] == list(range(count))
    assert len(found) <= parts
    assert all(start % multiple == 0 for start, _ in found)


def test_every_share_runs_once_and_from_several_callers():
    seen = []

    def call(caller):
        for turn in range(200):
            run_all([partial(seen.append, (caller, turn, i)) for i in range(5)], 3)

    callers = [threading.Thread(target=call, args=(n,)) for n in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(seen) == [(c, t, i) for c in range(3) for t in range(200) for i in range(5)]


def test_an_error_reaches_the_caller_and_spoils_nothing():
    def fail():
        raise ValueError("no")

    for _ in range(20):
        with pytest.raises(ValueError, match="no"):
            run_all([fail, lambda: None, lambda: None], 2)
    run_all([], 2)
    done = []
    run_all([lambda: done.append(1)] * 3, 2)
    assert len(done) == 3
