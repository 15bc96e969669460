"""The stack for real: built, started, asked through both front doors, taken down. ``make test-compose``."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from evosplit.kernels.codec import encode_tensor
from evosplit.shared.graph import load_graph, prefix_cut
from evosplit.shared.oip import HEADER_LENGTH, InferRequest, blob_tensor, build_request, parse_response
from evosplit.shared.plan import TensorCode
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model
from evosplit.shared.wire import Frame, encode_frame

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1500)]

FILE = Path(__file__).parents[2] / "compose" / "compose.yaml"
SIZE, WIDTH, DEPTH = 96, 48, 6
CARD = {
    "version": 1,
    "name": "stack",
    "input": {"colour": "RGB", "resize": {"kind": "stretch"}, "scale": "1/255"},
    "output": {"kind": "classes"},
}


@dataclass(frozen=True)
class Stack:
    models: Path
    token: str
    cloud: str
    edge: str

    def call(self, url: str, body: bytes | None = None, **headers: str) -> tuple[bytes, Any]:
        headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return response.read(), response.headers


def _compose(*arguments: str, environment: dict[str, str], seconds: int = 900) -> str:
    command = ["docker", "compose", "--file", str(FILE), "--project-name", "evosplit-test", *arguments]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={**os.environ, **environment},
    )
    assert result.returncode == 0, f"{' '.join(arguments)}: {result.stderr[-4000:]}"
    return result.stdout + result.stderr


def _engine_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "compose", "ls"], capture_output=True, timeout=30, check=False)
    return asked.returncode == 0


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if "compose" not in request.config.getoption("markexpr"):
        pytest.skip("builds and starts containers: run it with make test-compose")
    if not _engine_answers():
        pytest.skip("needs a container engine with compose, and none answers")
    folder = tmp_path_factory.mktemp("stack")
    token, ports = secrets.token_urlsafe(32), _free_ports(2)
    environment = {
        "EVOSPLIT_MODELS": str(_models(folder)),
        "EVOSPLIT_TOKEN_FILE": str(_token_file(folder, token)),
        "EVOSPLIT_MODEL": "stack",
        "EVOSPLIT_SLOWDOWN": "8",  # so that the edge's plans do use the cloud
        "EVOSPLIT_CLOUD_PORT": str(ports[0]),
        "EVOSPLIT_EDGE_PORT": str(ports[1]),
    }
    try:
        _compose("build", environment=environment)
        _start(environment)
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        yield Stack(folder / "models", token, urls[0], urls[1])
    finally:
        _compose("down", "--volumes", "--timeout", "20", environment=environment)


def _start(environment: dict[str, str]) -> None:
    try:
        _compose("up", "--detach", "--wait", "--wait-timeout", "420", environment=environment)
    except AssertionError as failed:
        logs = _compose("logs", "--no-color", "--tail", "60", environment=environment)
        raise AssertionError(f"{failed}\n{logs}") from None


def test_encoded_inference_through_the_cloud(stack: Stack) -> None:
    graph = load_graph(stack.models / "stack.onnx")
    cut = prefix_cut(graph, 2)
    feeds = {graph.inputs[0]: np.random.default_rng(0).random((1, 3, SIZE, SIZE), np.float32)}
    boundary = Runner(head_model(graph, cut)).run(feeds)
    tensors = tuple(encode_tensor(name, boundary[name], TensorCode(8)) for name in cut.boundary)
    content = encode_frame(Frame("one", graph.sha256, cut.key, tensors))
    body, length = build_request(InferRequest((blob_tensor("evosplit_frame", content),), binary_default=True))
    answer, headers = stack.call(f"{stack.cloud}/v2/models/stack/infer", body, **{HEADER_LENGTH: str(length)})
    response = parse_response(answer, int(headers[HEADER_LENGTH]) if HEADER_LENGTH in headers else None)
    (scores,) = (output.data for output in response.outputs)
    expected = Runner(graph.model).run(feeds)[graph.outputs[0]]
    assert np.abs(scores - expected).max() <= 0.05 * np.ptp(expected)
    assert len(content) < boundary[cut.boundary[0]].nbytes / 3


def test_picture_through_the_edge_is_finished_in_the_cloud(stack: Stack) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    picture = stack.models.parent / "one.png"
    Image.fromarray(pixels).save(picture)
    kind = {"Content-Type": "image/png", "X-Evosplit-Frame-Id": "picture-1"}
    result = json.loads(stack.call(f"{stack.edge}/v1/frames", picture.read_bytes(), **kind)[0])
    assert (result["frame_id"], result["answered_by"], result["error"]) == ("picture-1", "cloud", None)
    assert 0 < result["wire_bytes"] < SIZE * SIZE * 3 * 4
    assert len(result["outcome"]["top"]) == 5
    assert json.loads(stack.call(f"{stack.edge}/v1/results/picture-1")[0])["outcome"] == result["outcome"]


@pytest.mark.parametrize("door", ["cloud", "edge"])
def test_front_doors_ask_for_the_token(stack: Stack, door: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{getattr(stack, door)}/v2/models/stack", timeout=10)  # noqa: S310
    with refused.value as answer:
        assert answer.code == 401
        assert "error" in json.loads(answer.read())


@pytest.mark.parametrize("service", ["cloud", "edge"])
def test_containers_are_somebody_and_cannot_write(stack: Stack, service: str) -> None:
    name = f"evosplit-test-{service}-1"
    script = "import os; print(os.getuid()); open('/opt/evosplit/x', 'w')"
    command = ["docker", "exec", name, "python", "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout.strip() == "10001"
    assert "Read-only file system" in result.stderr


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def _token_file(folder: Path, token: str) -> Path:
    """Readable by the container's user; its folder is not readable by others on this machine."""
    path = folder / "token"
    path.write_text(token)
    path.chmod(0o444)
    return path


def _models(folder: Path) -> Path:
    """A chain of convolutions heavy enough (0.9 GMAC) that an edge eight times slower asks the cloud."""
    models = folder / "models"
    models.mkdir(mode=0o755)
    model = _chain(np.random.default_rng(2))
    (models / "stack.onnx").write_bytes(model.SerializeToString())
    (models / "stack.yaml").write_text(json.dumps(CARD))
    for path in models.iterdir():
        path.chmod(0o644)
    return models


def _chain(rng: np.random.Generator) -> onnx.ModelProto:
    weights: dict[str, np.ndarray] = {}
    nodes, tensor, channels = [], "image", 3
    for layer in range(DEPTH):
        weights[f"w{layer}"] = _he(rng, (WIDTH, channels, 3, 3))
        stride = 2 if layer == 0 else 1
        nodes.append(
            helper.make_node("Conv", [tensor, f"w{layer}"], [f"c{layer}"], pads=[1] * 4, strides=[stride] * 2)
        )
        nodes.append(helper.make_node("Relu", [f"c{layer}"], [f"r{layer}"]))
        tensor, channels = f"r{layer}", WIDTH
    weights["dense"] = _he(rng, (WIDTH, 10))
    nodes += [
        helper.make_node("GlobalAveragePool", [tensor], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "dense"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "stack",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _he(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    fan_in = int(np.prod(shape[1:])) if len(shape) > 2 else shape[0]
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)
