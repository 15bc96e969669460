"""What `evosplit inspect` tells."""

from __future__ import annotations

import json

from evosplit.shared.graph import graph_from_model
from evosplit.shared.graph.passes import normalise
from evosplit.shared.model_summary import inspect_data
from tests import models


def test_layers_and_cuts_of_a_branching_net() -> None:
    graph = graph_from_model(normalise(models.branch_net()), "net", "0")
    data = inspect_data(graph)
    assert json.loads(json.dumps(data)) == data
    assert data["layers"][0] == {
        "name": "conv_c1",
        "op": "Conv",
        "fused": ["Relu"],
        "macs": 6 * 256 * 27,
        "weight_elements": 6 * 27 + 6,
        "output_shape": [1, 6, 16, 16],
    }
    assert [cut["index"] for cut in data["cuts"]] == list(range(len(graph.layers) + 1))
    first, second, last = data["cuts"][0], data["cuts"][1], data["cuts"][-1]
    assert (first["after"], second["after"]) == (None, "conv_c1")
    assert first["bytes"] == 4 * (3 * 256 + 4)
    assert second["boundary"] == [
        {"name": "z", "shape": [1, 4], "dtype": "float32"},
        {"name": "early", "shape": [1, 6, 16, 16], "dtype": "float32"},
    ]
    assert (last["boundary"], last["bytes"]) == ([], 0)
