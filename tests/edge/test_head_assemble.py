"""Assembly of heads: masked and dense heads agree, and parts that stay are taken over."""

from __future__ import annotations

import numpy as np
import pytest
from hook_doubles import Told

from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.race import FRAMES_PER_TURN
from evosplit.edge.head.assemble import HeadOptions, HeadSource, assemble
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import run_head
from evosplit.shared.graph import Graph, load_graph, prefix_cut
from tests import models


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return load_graph(models.save(models.chain_net(), tmp_path_factory.mktemp("net"), "net"), "net")


def test_masked_heads_give_the_dense_answer_at_threshold_zero(graph: Graph) -> None:
    cut = prefix_cut(graph, 3)
    source = HeadSource(graph, cut)
    plain = assemble(source, (), HeadOptions())
    masked = assemble(source, (), HeadOptions(masked=True, change=ChangeSettings()))
    rng, hook_failures = np.random.default_rng(0), HookFailures()
    picture = rng.standard_normal((1, 3, 16, 16)).astype(np.float32)
    backends = set()
    for _ in range(2 * FRAMES_PER_TURN + 4):
        picture = picture.copy()
        picture[0, :, 3, 4] += 1
        feeds = {"x": picture}
        wanted, made = (run_head(head, feeds, "s", hook_failures) for head in (plain, masked))
        backends.add(made.trace.steps[0].backend)
        for name in cut.boundary:
            np.testing.assert_allclose(made.tensors[name], wanted.tensors[name], rtol=1e-4, atol=1e-5)
    assert backends == {"onnxruntime", "masked"}


def test_heads_keep_the_segments_that_stay(graph: Graph) -> None:
    source = HeadSource(graph, prefix_cut(graph, len(graph.layers)))
    tap = graph.layers[2].outputs[0]
    old = assemble(source, [Told(tap, name="a")], HeadOptions())
    new = assemble(source, [Told(tap, name="b"), Told("x", name="c")], HeadOptions(), old)
    assert new.segments == old.segments
    other = assemble(source, [], HeadOptions(), old)
    assert not set(other.segments) & set(old.segments)
