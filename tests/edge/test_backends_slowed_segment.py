"""A segment that is played slower: the same tensors, in so many times the time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from net_bundle import load_net

from evosplit.edge.backends.runtime_segment import RuntimeSegment
from evosplit.edge.backends.segment import FrameContext
from evosplit.edge.backends.slowed_segment import SlowedSegment
from evosplit.shared.session import Runner, random_feeds

FRAME = FrameContext("test")


def test_it_waits_in_proportion_and_changes_nothing(tmp_path: Path) -> None:
    graph = load_net(tmp_path)
    plain = RuntimeSegment(Runner(graph.model), "int8")
    times, waits = iter((10.0, 10.5)), []
    slowed = SlowedSegment(plain, 3.0, lambda: next(times), waits.append)
    feeds = random_feeds(graph.model)
    made = slowed.run(feeds, FRAME)
    assert waits == [pytest.approx(1.0)]
    for name, values in plain.run(feeds, FRAME).items():
        np.testing.assert_array_equal(made[name], values)
    assert (slowed.backend, slowed.reads, slowed.makes) == ("int8", plain.reads, plain.makes)
    assert slowed.density == 1.0
    slowed.forget("test")
