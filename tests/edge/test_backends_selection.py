"""Backend selection by measurement, when a head is built."""

from __future__ import annotations

import pytest
from timed_segments import ManualClock, TimedSegment

from evosplit.edge.backends.runtime_segment import RuntimeSegment
from evosplit.edge.backends.selection import fastest_segment, open_segment
from evosplit.shared.errors import ModelError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.providers import Providers
from tests import models


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return load_graph(models.save(models.chain_net(), tmp_path_factory.mktemp("net"), "net"), "net")


def test_the_fastest_segment_is_taken(graph: Graph) -> None:
    clock = ManualClock()
    times_s = {"a": 0.02, "b": 0.0, "c": 0.02}
    segments = [TimedSegment(name, clock, seconds) for name, seconds in times_s.items()]
    assert fastest_segment(segments, graph.model, clock).backend == "b"
    with pytest.raises(ModelError, match="no backend"):
        fastest_segment([], graph.model)


def test_without_masks_and_codes_there_is_nothing_to_choose(graph: Graph) -> None:
    segment = open_segment(graph.model, {}, {}, Providers(), None, False)
    assert isinstance(segment, RuntimeSegment)
