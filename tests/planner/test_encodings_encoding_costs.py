from pathlib import Path

import numpy as np
import pytest

from evosplit.planner.encodings.encoding_costs import measure_encodings, to_pixels
from evosplit.shared.card import Card, card_from_data
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.preprocess import preprocess
from tests.models import chain_net, save


def card_for(graph: Graph, colour: str) -> Card:
    tensor = graph.tensors[graph.inputs[0]]
    return card_from_data(
        {
            "version": 1,
            "name": "a test",
            "input": {
                "tensor": tensor.name,
                "size": list(tensor.shape[2:]),
                "colour": colour,
                "resize": {"kind": "stretch"},
                "scale": "1/255",
                "mean": [0.4],
                "std": [0.25],
            },
            "output": {"kind": "raw"},
        }
    )


@pytest.mark.parametrize("colour", ["RGB", "BGR"])
def test_pixels_come_back_from_what_was_preprocessed(tmp_path: Path, colour: str) -> None:
    graph = load_graph(save(chain_net(), tmp_path))
    card = card_for(graph, colour)
    height, width = card.input.size
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    values = preprocess(card, pixels)[graph.inputs[0]]
    assert np.array_equal(to_pixels(card, values), pixels)


def test_lossless_is_exact_and_worse_quality_is_smaller_and_worse(tmp_path: Path) -> None:
    graph = load_graph(save(chain_net(), tmp_path))
    card = card_for(graph, "RGB")
    height, width = card.input.size
    ramp = np.linspace(0, 255, height * width * 3).reshape(height, width, 3)
    rng = np.random.default_rng(0)
    noisy = [np.clip(ramp + rng.normal(0, 20, ramp.shape), 0, 255).astype(np.uint8) for _ in range(3)]
    found = measure_encodings(graph, card, [preprocess(card, one) for one in noisy], threads=1).encodings
    by_name = {one.name: one for one in found}
    assert 0 < by_name["raw8"].wire_bytes - height * width * 3 < 20
    assert by_name["raw8"].error == by_name["png"].error == 0
    high, low = by_name["jpeg-98"], by_name["jpeg-30"]
    assert high.wire_bytes > low.wire_bytes
    assert 0 < high.error < low.error
    assert low.encode_s > 0
    assert low.decode_s > 0
