"""Arrays that a session made outlive it and other runs; what none holds is returned."""

from __future__ import annotations

import gc
import threading

import numpy as np

from evosplit.shared.memory_arena import open_in_arena, shrink_arena
from evosplit.shared.session import Runner, random_feeds
from tests import models


def test_sessions_in_the_arena_give_what_others_give() -> None:
    model = models.chain_net()
    feeds = random_feeds(model)
    wanted = Runner(model).run(feeds)
    first, second = (Runner(model, opener=open_in_arena) for _ in range(2))
    for name, values in first.run(feeds).items():
        np.testing.assert_array_equal(values, wanted[name])
    del first
    gc.collect()
    for name, values in second.run(feeds).items():
        np.testing.assert_array_equal(values, wanted[name])


def test_arrays_that_are_held_outlive_shrinkage_other_runs_and_their_session() -> None:
    model = models.chain_net()
    runner = Runner(model, opener=open_in_arena)
    inputs = [random_feeds(model, seed) for seed in range(8)]
    held = [runner.run(feeds) for feeds in inputs]
    shrink_arena()
    again = [runner.run(feeds) for feeds in inputs]
    del runner
    gc.collect()
    shrink_arena()
    for before, after in zip(held, again, strict=True):
        for name, values in before.items():
            np.testing.assert_array_equal(values, after[name])


def test_threads_may_open_run_and_shrink_at_once() -> None:
    model, failures = models.chain_net(), []
    feeds = random_feeds(model)
    wanted = Runner(model).run(feeds)

    def work() -> None:
        runner = Runner(model, opener=open_in_arena)
        for _ in range(50):
            shrink_arena()
            made = runner.run(feeds)
            failures.extend(name for name in wanted if not np.array_equal(made[name], wanted[name]))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
