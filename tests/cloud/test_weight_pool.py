"""One copy of weights for all sessions that have them in common."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from onnx import helper

from evosplit.cloud.weight_pool import WeightPool
from evosplit.shared.errors import ModelError
from evosplit.shared.graph import Graph, graph_from_model, prefix_cut
from evosplit.shared.graph.passes import normalise
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.split import tail_model
from tests import models as nets


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_from_model(normalise(nets.residual_net(blocks=3)), "net", "0" * 64)


def test_tails_hold_one_copy(graph: Graph) -> None:
    pool = WeightPool()
    whole = Runner(tail_model(graph, prefix_cut(graph, 0)), opener=pool.open)
    alone_bytes = pool.memory_bytes
    tails = [Runner(tail_model(graph, prefix_cut(graph, cut)), opener=pool.open) for cut in (1, 2, 3)]
    assert alone_bytes == pool.memory_bytes > 0
    del whole, tails
    gc.collect()
    assert len(pool) == 0


@pytest.mark.parametrize("cut", [0, 1, 4])
def test_answers_are_those_of_a_session_of_its_own(graph: Graph, cut: int) -> None:
    model = tail_model(graph, prefix_cut(graph, cut))
    feeds = random_feeds(model)
    shared, own = Runner(model, opener=WeightPool().open).run(feeds), Runner(model).run(feeds)
    for name, value in own.items():
        np.testing.assert_array_equal(shared[name], value)


def test_weights_stay_as_long_as_somebody_uses_them(graph: Graph) -> None:
    pool = WeightPool()
    model = tail_model(graph, prefix_cut(graph, 0))
    first = Runner(model, opener=pool.open)
    second = Runner(model, opener=pool.open)
    feeds = random_feeds(model)
    expected = second.run(feeds)["y"]
    del first
    gc.collect()
    np.testing.assert_array_equal(second.run(feeds)["y"], expected)


def test_a_model_that_the_runtime_refuses(graph: Graph) -> None:
    model = tail_model(graph, prefix_cut(graph, 0))
    model.graph.node.append(helper.make_node("NoSuchOperator", ["y"], ["z"]))
    with pytest.raises(ModelError):
        Runner(model, opener=WeightPool().open)


def test_a_provider_that_is_not_there_is_refused(graph: Graph) -> None:
    model, pool = tail_model(graph, prefix_cut(graph, 0)), WeightPool()
    with pytest.raises(ModelError, match="no NoSuchProvider"):
        Runner(model, 1, ["NoSuchProvider"], opener=pool.open)
