"""Skeletons: what leaves them, what stays, and that putting it back restores the model."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from evosplit.shared.errors import ModelError
from evosplit.shared.graph import graph_from_model, prefix_cut, prefix_cuts
from evosplit.shared.graph.passes import normalise
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.split import head_model
from evosplit.shared.weights import (
    STRIPPED_ELEMENTS,
    is_stripped,
    random_weights,
    restore_weights,
    strip_weights,
)
from tests import models

FACTORIES = [models.chain_net, models.residual_net, models.branch_net, models.choice_net, models.half_net]


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_skeleton_gives_the_same_graph(factory: object) -> None:
    model = normalise(factory())  # type: ignore[operator]
    skeleton, taken = strip_weights(model)
    assert graph_from_model(skeleton, "net", "0") == graph_from_model(model, "net", "0")
    assert all(array.size >= STRIPPED_ELEMENTS for array in taken.values())


@pytest.mark.parametrize("factory", FACTORIES)
def test_restoring_gives_the_same_answers(factory: object) -> None:
    model = normalise(factory())  # type: ignore[operator]
    skeleton, taken = strip_weights(model)
    skeleton = onnx.load_model_from_string(skeleton.SerializeToString())
    restored = restore_weights(skeleton, taken)
    feeds = random_feeds(model)
    wanted, got = Runner(model).run(feeds), Runner(restored).run(feeds)
    for name in wanted:
        np.testing.assert_array_equal(got[name], wanted[name])


def test_a_skeleton_is_small_and_keeps_settings() -> None:
    model = normalise(models.chain_net())
    skeleton, taken = strip_weights(model)
    assert set(taken) == {"c2.w"}
    assert len(skeleton.SerializeToString()) < len(model.SerializeToString()) - taken["c2.w"].nbytes + 50
    assert [tensor.name for tensor in skeleton.graph.initializer if is_stripped(tensor)] == ["c2.w"]


def test_a_head_needs_only_its_own_weights() -> None:
    model = normalise(models.residual_net())
    skeleton, taken = strip_weights(model)
    graph = graph_from_model(skeleton, "net", "0")
    cut = prefix_cut(graph, 2)
    needed = {
        name: taken[name] for index in cut.layers for name in graph.layers[index].weights if name in taken
    }
    assert needed.keys() < taken.keys()
    partial = graph_from_model(restore_weights(skeleton, needed), "net", "0")
    feeds = random_feeds(model)
    whole = graph_from_model(model, "net", "0")
    got, wanted = Runner(head_model(partial, cut)).run(feeds), Runner(head_model(whole, cut)).run(feeds)
    for name in wanted:
        np.testing.assert_array_equal(got[name], wanted[name])


def test_running_without_weights_is_one_clear_line() -> None:
    skeleton, _ = strip_weights(normalise(models.residual_net()))
    with pytest.raises(ModelError) as caught:
        Runner(skeleton)
    assert "\n" not in str(caught.value)


def test_random_weights_fill_every_hole() -> None:
    model = normalise(models.residual_net())
    skeleton, taken = strip_weights(model)
    made = random_weights(skeleton, seed=3)
    assert {name: array.shape for name, array in made.items()} == {n: a.shape for n, a in taken.items()}
    for name, array in random_weights(skeleton, seed=3).items():
        np.testing.assert_array_equal(made[name], array)
    restored = graph_from_model(restore_weights(skeleton, made), "net", "0")
    outputs = Runner(restored.model).run(random_feeds(model))
    assert all(np.isfinite(array).all() for array in outputs.values())
    assert len(prefix_cuts(restored)) == len(restored.layers) + 1


def test_wrong_weights_are_refused() -> None:
    skeleton, taken = strip_weights(normalise(models.chain_net()))
    with pytest.raises(ModelError, match="no weight 'other'"):
        restore_weights(skeleton, {"other": np.zeros(3, np.float32)})
    with pytest.raises(ModelError, match="has shape"):
        restore_weights(skeleton, {"c2.w": taken["c2.w"][:4]})


def test_restoring_leaves_the_skeleton_alone() -> None:
    skeleton, taken = strip_weights(normalise(models.chain_net()))
    before = skeleton.SerializeToString(deterministic=True)
    restore_weights(skeleton, taken)
    assert skeleton.SerializeToString(deterministic=True) == before
