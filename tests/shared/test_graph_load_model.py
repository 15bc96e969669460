"""Every kind of ONNX file that the loader promises to take computes what it computed before."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from evosplit.shared.errors import ModelError
from evosplit.shared.graph import load_graph
from evosplit.shared.session import Runner
from tests import models

OPSETS = (7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26)
FACTORIES = {
    "chain": models.chain_net,
    "residual": models.residual_net,
    "branch": models.branch_net,
    "constant": models.constant_net,
    "listed": models.listed_net,
    "dynamic": models.dynamic_net,
    "choice": models.choice_net,
}
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
LIGHT_LAYERS = {"densenet121": 246, "inception_v1": 83, "resnet50": 74, "shufflenet": 121, "squeezenet": 39}


def _original(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [value.name for value in model.graph.output]
    return dict(zip(names, session.run(names, feeds), strict=True))


def _check_same(model: onnx.ModelProto, path: Path, tolerance: float = 1e-5) -> None:
    feeds = models.feeds(model)
    wanted = _original(model, feeds)
    graph = load_graph(path)
    got = Runner(graph.model).run({name: array.astype(np.float32) for name, array in feeds.items()})
    assert got.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_allclose(got[name], array, rtol=tolerance, atol=tolerance)
        assert graph.tensors[name].shape == array.shape


@pytest.mark.parametrize("opset", OPSETS)
def test_every_opset_from_7_to_the_newest_of_the_runtime(opset: int, tmp_path: Path) -> None:
    for factory in (models.chain_net, models.residual_net, models.branch_net):
        model = factory(opset)
        _check_same(model, models.save(model, tmp_path))


@pytest.mark.parametrize("name", FACTORIES)
def test_every_kind_of_file_computes_the_same(name: str, tmp_path: Path) -> None:
    model = FACTORIES[name]()
    _check_same(model, models.save(model, tmp_path))


def test_float16_is_computed_in_float32(tmp_path: Path) -> None:
    path = models.save(models.half_net(), tmp_path)
    _check_same(models.half_net(), path, tolerance=1e-2)
    assert {tensor.dtype for tensor in load_graph(path).tensors.values()} == {"float32"}


def test_external_data_is_fetched_and_counts_for_the_digest(tmp_path: Path) -> None:
    path = models.save_external(models.chain_net(), tmp_path)
    _check_same(models.chain_net(), path)
    before = load_graph(path).sha256
    data = tmp_path / "net.data"
    data.write_bytes(data.read_bytes()[::-1])
    assert load_graph(path).sha256 != before


def test_names_and_digest_are_those_of_the_file(tmp_path: Path) -> None:
    path = models.save(models.chain_net(), tmp_path, "gate")
    content = path.read_bytes()
    graph = load_graph(path)
    assert (graph.name, graph.sha256) == ("gate", hashlib.sha256(content).hexdigest())
    assert load_graph(path, "other").name == "other"
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_two_loads_are_equal(tmp_path: Path) -> None:
    path = models.save(models.residual_net(), tmp_path)
    assert load_graph(path) == load_graph(path)


def test_dynamic_batch_is_one_and_its_shape_nodes_are_gone(tmp_path: Path) -> None:
    graph = load_graph(models.save(models.dynamic_net(), tmp_path))
    assert graph.tensors["x"].shape == (1, 3, 16, 16)
    assert not {"Shape", "Gather", "Unsqueeze", "Concat"} & {layer.op for layer in graph.layers}


def test_control_flow_is_one_layer_that_reads_what_its_branches_read(tmp_path: Path) -> None:
    graph = load_graph(models.save(models.choice_net(), tmp_path))
    choice = next(layer for layer in graph.layers if layer.op == "If")
    assert choice.inputs == ("positive", "r1")
    assert "c2.w" in choice.weights


@pytest.mark.parametrize("name", LIGHT_LAYERS)
def test_real_topologies_of_the_onnx_package(name: str) -> None:
    graph = load_graph(LIGHT / f"light_{name}.onnx")
    assert len(graph.layers) == LIGHT_LAYERS[name]
    assert not [layer for layer in graph.layers if not layer.inputs]


def test_real_models_have_no_constant_layers(shared_models: Path) -> None:
    for path in sorted(shared_models.glob("*.onnx")):
        graph = load_graph(path)
        assert all(layer.inputs and layer.outputs for layer in graph.layers), path
        assert all(tensor.is_float for tensor in graph.tensors.values()), path


def _opset_6(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 6


def _opset_99(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 99


def _no_opset(model: onnx.ModelProto) -> None:
    del model.opset_import[:]


def _dynamic_height(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "H"


def _no_shape(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.ClearField("shape")


def _unknown_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].op_type = "Convolute"


def _unknown_domain(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "example.org"


def _no_nodes(model: onnx.ModelProto) -> None:
    del model.graph.node[:]


def _loose_input(model: onnx.ModelProto) -> None:
    model.graph.node[3].input[0] = "nowhere"


def _lying_weight(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[0] += 1


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_opset_6, "opset 6 is not supported; 7 and newer ones are"),
        (_opset_99, "ONNX Runtime does not take the model"),
        (_no_opset, "does not say which opset"),
        (_dynamic_height, "dynamic dimension 2 (H); say its size: --shape x=1x3x640x16"),
        (_no_shape, "'x' has no shape"),
        (_unknown_operator, "Convolute"),
        (_unknown_domain, "example.org"),
        (_no_nodes, "without any node"),
        (_loose_input, "nowhere"),
        (_lying_weight, "ONNX Runtime does not take the model"),
    ],
)
def test_unsupported_models_end_in_one_line(
    damage: Callable[[onnx.ModelProto], None], words: str, tmp_path: Path
) -> None:
    model = models.chain_net()
    damage(model)
    _check_refused(models.save(model, tmp_path), words)


@pytest.mark.parametrize(
    "content", [b"", b"no model", b"\x89PNG\r\n\x1a\n" + bytes(99), b"\x08\x01", b"\xff" * 99]
)
def test_files_that_are_no_models_end_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    _check_refused(path, "")


def test_missing_files_end_in_one_line(tmp_path: Path) -> None:
    _check_refused(tmp_path / "none.onnx", "no such file")
    _check_refused(tmp_path, "directory")
    path = models.save_external(models.chain_net(), tmp_path)
    (tmp_path / "net.data").unlink()
    _check_refused(path, "external data")


def test_every_truncation_ends_in_one_line(tmp_path: Path) -> None:
    content = models.chain_net().SerializeToString()
    for length in range(0, len(content), 97):
        path = tmp_path / "net.onnx"
        path.write_bytes(content[:length])
        _check_refused(path, "")


def test_names_that_are_not_utf8_end_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(models.chain_net().SerializeToString().replace(b"MaxPool", b"Max\xff\xffol"))
    _check_refused(path, "not UTF-8")
    assert capfd.readouterr() == ("", "")


def test_random_damage_ends_in_a_graph_or_a_model_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    whole = [np.frombuffer(factory().SerializeToString(), np.uint8) for factory in FACTORIES.values()]
    path = tmp_path / "net.onnx"
    for _ in range(200):
        content = whole[rng.integers(len(whole))].copy()
        content[rng.integers(0, len(content), 2)] = rng.integers(0, 256, 2)
        path.write_bytes(content.tobytes())
        with contextlib.suppress(ModelError):
            load_graph(path)


def _check_refused(path: Path, words: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_graph(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert words in text
    assert "\n" not in text
    assert len(text) < 500
