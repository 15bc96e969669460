"""The gate's card says the same as the gate's own code, and fits its network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from evosplit.cli.gate.decode import decode_plate
from evosplit.cli.gate.plates import ALPHABET, BLANK, CLASSES, SLOTS, random_plate, to_slots
from evosplit.shared.card import check_card, load_card
from evosplit.shared.card.outputs import TextSlotsOutput
from evosplit.shared.graph import load_graph
from evosplit.shared.postprocess import postprocess

CLI = Path(__file__).parents[2] / "cli"
CARD = load_card(CLI / "cards" / "gate.yaml")


def test_same_alphabet_and_blank() -> None:
    assert isinstance(CARD.output, TextSlotsOutput)
    assert CARD.output.alphabet == ALPHABET
    assert CARD.output.blank_index == BLANK


@pytest.mark.parametrize("noise", [0.0, 2.0, 6.0])
def test_reads_as_the_gate_does(noise: float) -> None:
    """Plates, nothing at all, and what noise makes of them: right, wrong and against the grammar."""
    rng = np.random.default_rng(3)
    for text in [""] + [random_plate(rng) for _ in range(200)]:
        logits = np.eye(CLASSES)[to_slots(text)] * 10 + rng.normal(0, noise, (SLOTS, CLASSES))
        expected, confidence = decode_plate(logits.astype(np.float32))
        reading = postprocess(CARD, {"plate": logits[None].astype(np.float32)}, (240, 320))
        assert reading.outcome == {"text": expected}
        assert reading.confidence == pytest.approx(confidence, abs=1e-6)


def test_fits_the_network() -> None:
    path = CLI / "assets" / "gate.onnx"
    if not path.is_file():
        pytest.skip("the gate network is not trained yet: python -m evosplit.cli.gate.train")
    completed = check_card(CARD, load_graph(path, "gate"))
    assert completed.input.tensor == onnx.load(path).graph.input[0].name
