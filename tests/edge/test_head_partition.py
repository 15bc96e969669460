"""Parts of a head: they cover the cut once, in order, and give what the head gives as one piece."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.edge.head.partition import available, head_parts, parts_before
from evosplit.shared.graph import Graph, load_graph, make_cut, prefix_cut
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model
from tests import models

NETS = {"chain": models.chain_net, "residual": models.residual_net, "branch": models.branch_net}


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    folder: Path = tmp_path_factory.mktemp("nets")
    return {name: load_graph(models.save(make(), folder, name), name) for name, make in NETS.items()}


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_parts_cover_the_cut_and_agree_with_one_session(
    graphs: dict[str, Graph], data: st.DataObject
) -> None:
    graph = graphs[data.draw(st.sampled_from(sorted(graphs)))]
    cut = prefix_cut(graph, data.draw(st.integers(0, len(graph.layers))))
    there = sorted(available(graph, cut))
    borders = data.draw(st.lists(st.sampled_from(there), max_size=4))
    parts = head_parts(graph, cut, borders)
    assert sorted(layer for part in parts for layer in part.layers) == list(cut.layers)
    assert len(parts) <= 1 + len(set(borders))
    done: set[int] = set()
    for part in parts:
        done |= set(part.layers)
        make_cut(graph, done)  # downward closed, or it raises
    feeds = models.feeds(graph.model)
    tensors = {name: feeds[name] for name in graph.inputs}
    for at, part in enumerate(parts):
        for name in borders:
            assert (name in tensors) == (parts_before(graph, parts, name) <= at)
        tensors |= Runner(part.model(graph)).run({name: tensors[name] for name in part.reads})
    whole = Runner(head_model(graph, cut))
    for name, array in whole.run({name: feeds[name] for name in whole.input_names}).items():
        np.testing.assert_allclose(tensors[name], array, rtol=1e-4, atol=1e-5)


def test_an_exit_computes_only_what_it_takes(graphs: dict[str, Graph]) -> None:
    graph = graphs["branch"]
    cut = prefix_cut(graph, len(graph.layers))
    parts = head_parts(graph, cut, ["scores"])
    assert len(parts) == 2
    assert "up" not in parts[0].makes
    assert parts[1].makes == ("up",)


def test_borders_on_inputs_and_repeated_borders_cost_nothing(graphs: dict[str, Graph]) -> None:
    graph = graphs["chain"]
    cut = prefix_cut(graph, len(graph.layers))
    assert len(head_parts(graph, cut, ["x", "x"])) == 1
    tap = graph.layers[2].outputs[0]
    assert len(head_parts(graph, cut, [tap, "x", tap])) == 2
    assert tap in head_parts(graph, cut, [], [tap])[0].makes
