"""The committed network: its shape, its accuracy, and that what is written about it is true."""

import itertools
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

import evosplit.cli
from evosplit.cli.gate.camera import GateCamera
from evosplit.cli.gate.evaluate import (
    BOUNDARY,
    INPUT,
    OUTPUT,
    rounded,
    score,
    split_reader,
    to_input,
    whole_reader,
)

ASSETS = Path(evosplit.cli.__file__).parent / "assets"
MODEL = ASSETS / "gate.onnx"
REPORT = json.loads((ASSETS / "gate.json").read_text())


@pytest.fixture(scope="module")
def samples():
    """Every fourth frame of a stream that was neither trained on nor held out."""
    frames = itertools.islice(GateCamera(424242), 0, 240, 4)
    return [(frame.image, frame.truth) for frame in frames]


def test_shape_facts():
    graph = onnx.load(MODEL).graph
    assert [value.name for value in graph.input] == [INPUT]
    assert [value.name for value in graph.output] == [OUTPUT]
    shape = [dim.dim_param or dim.dim_value for dim in graph.input[0].type.tensor_type.shape.dim]
    assert shape == ["N", 3, 160, 320]
    assert sum(node.op_type == "Conv" for node in graph.node) >= 12
    assert BOUNDARY in {name for node in graph.node for name in node.output}
    assert MODEL.stat().st_size == REPORT["file_bytes"] <= 5_000_000
    assert REPORT["macs"] >= 100_000_000


def test_reported_held_out_accuracy():
    held_out = REPORT["accuracy"]
    assert held_out["float32"]["frames"] >= 2000
    assert held_out["float32"]["exact"] >= 0.97
    assert held_out["boundary_4_bits"]["exact"] >= 0.97


def test_reads_fresh_frames(samples):
    result = score(whole_reader(MODEL), samples)
    assert result.frames == 60
    assert 15 <= result.plates <= 50
    assert result.exact >= 0.95


def test_reads_fresh_frames_with_a_boundary_of_four_bits(samples):
    assert score(split_reader(MODEL, 4), samples).exact >= 0.95


def test_answers_a_batch_as_it_answers_one_by_one(samples):
    read = whole_reader(MODEL)
    images = [to_input(image) for image, _ in samples[:3]]
    apart = np.concatenate([read(image) for image in images])
    np.testing.assert_allclose(read(np.concatenate(images)), apart, atol=1e-3)


def test_rounding_keeps_the_ends_and_few_levels():
    values = np.linspace(-1, 3, 100, dtype=np.float32)
    assert len(np.unique(rounded(values, 3))) == 8
    assert rounded(values, 3)[[0, -1]].tolist() == [-1, 3]
