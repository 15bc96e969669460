"""Shares of work: all are done once, errors reach the caller, and calls may come from several threads."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from evosplit.kernels.masked.array_checks import aligned
from evosplit.kernels.masked.conv import MaskedConv
from evosplit.kernels.masked.position_addresses import share
from evosplit.kernels.masked.spin_wait import ALONE, CALLER, HELPER
from evosplit.kernels.masked.threads import run_shared


@pytest.mark.parametrize(
    ("count", "parts", "step"), [(0, 3, 4), (1, 3, 4), (100, 3, 12), (7, 9, 1), (24, 2, 12)]
)
def test_shares_cover_all_once(count, parts, step):
    found = [share(count, part, parts, step) for part in range(parts)]
    assert [i for start, stop in found for i in range(start, stop)] == list(range(count))
    assert all(start % step == 0 for start, _ in found)


def take_all(counters, seen):
    """What kernels do, in Python."""
    while counters[0] < counters[2]:
        counters[0] += 1
        seen.append(threading.current_thread().name)
        counters[1] += 1


def test_one_thread_does_it_alone():
    roles = []
    run_shared(lambda job, bell, role: roles.append(role), 1, 4)
    run_shared(lambda job, bell, role: roles.append(role), 4, 1)
    assert roles == [ALONE, ALONE]


def test_a_late_helper_is_not_waited_for():
    seen, late, may_come = [], [], threading.Event()

    def work(job, bell, role):
        if role == HELPER:
            late.append(may_come.wait(10))
        take_all(job, seen)

    run_shared(work, 5, 2)
    assert len(seen) == 5
    assert late == []
    may_come.set()


def test_a_busy_helper_is_waited_for():
    started, ended = threading.Event(), []

    def work(job, bell, role):
        if role == CALLER:
            job[0] += 1
            job[1] += 1
            assert started.wait(5)
        else:
            job[0] += 1
            started.set()
            time.sleep(0.05)
            ended.append(role)
            job[1] += 1

    run_shared(work, 2, 2)
    assert ended == [HELPER]


def test_a_helpers_error_reaches_the_caller_and_spoils_nothing():
    started = threading.Event()

    def work(job, bell, role):
        if role == HELPER:
            started.set()
            raise ValueError("no")
        assert started.wait(5)

    with pytest.raises(ValueError, match="no"):
        run_shared(work, 2, 2)
    seen = []
    run_shared(lambda job, bell, role: take_all(job, seen), 3, 2)
    assert len(seen) == 3


def test_layers_from_several_threads_at_once():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(32, 32, 3, 3)).astype(np.float32)
    x, wrong = aligned((40, 40, 32)), []
    x[:] = rng.normal(size=x.shape)
    whole = aligned(x.shape)
    MaskedConv(weights, pads=(1, 1, 1, 1)).run(x, np.ones((40, 40), bool), whole)

    def call(seed):
        layer, out = MaskedConv(weights, pads=(1, 1, 1, 1)), aligned(x.shape)
        masks = np.random.default_rng(seed)
        for _ in range(60):
            mask = masks.random((40, 40)) < masks.random()
            out[:] = 0
            layer.run(x, mask, out, threads=2)
            if not np.array_equal(out, whole * mask[..., None]):
                wrong.append(seed)

    callers = [threading.Thread(target=call, args=(n,)) for n in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong
