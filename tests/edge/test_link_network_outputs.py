"""Outputs of an answer: rows are laid out, the head's own join them, and other tensors are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from net_bundle import load_net

from evosplit.edge.link.network_outputs import network_outputs
from evosplit.shared.answer_rows import ROWS
from evosplit.shared.errors import CloudRefusedError
from evosplit.shared.graph import Graph
from tests import models


@pytest.fixture
def network(tmp_path: Path) -> Graph:
    return load_net(tmp_path, model_of=models.detector_net)


def test_rows_lie_where_they_were(network: Graph) -> None:
    few = np.arange(14, dtype=np.float32).reshape(1, 2, 7)
    whole = network_outputs(network, {"y": few, ROWS: np.array([3, 60], np.int32)})["y"]
    assert whole.shape == (1, 64, 7)
    np.testing.assert_array_equal(whole[:, [3, 60]], few)
    assert np.count_nonzero(whole) == 13


def test_what_the_head_made_joins_it(network: Graph) -> None:
    made = {"y": np.ones((1, 64, 7), np.float32)}
    assert network_outputs(network, {}, made)["y"] is made["y"]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"y": np.ones((1, 64, 6), np.float32)},
        {"y": np.ones((1, 64, 7), np.float64)},
        {"y": np.ones((1, 2, 7), np.float32)},
        {"y": np.ones((1, 2, 7), np.float32), ROWS: np.array([3, 64], np.int32)},
        {"y": np.ones((1, 2, 7), np.float32), ROWS: np.array([3], np.int32)},
    ],
)
def test_other_tensors_are_refused(network: Graph, answer: dict[str, np.ndarray]) -> None:
    with pytest.raises(CloudRefusedError, match="no proper output y"):
        network_outputs(network, answer)
