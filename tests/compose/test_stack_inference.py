"""Inference through both front doors, over TLS and with tokens; without a token there is no answer."""

from __future__ import annotations

import io
import json
import ssl
import urllib.error

import numpy as np
import pytest
from PIL import Image

from evosplit.kernels.codec import encode_tensor
from evosplit.shared.graph import load_graph, prefix_cut
from evosplit.shared.oip import HEADER_LENGTH, InferRequest, blob_tensor, build_request, parse_response
from evosplit.shared.plan import TensorCode
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model
from evosplit.shared.wire import Frame, encode_frame
from tests.compose.chain_network import NAME, SIZE
from tests.compose.stack import Stack
from tests.frame_traffic import Door, until

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1500)]


@pytest.mark.smoke
def test_an_encoded_inference_with_the_token_of_an_edge(stack: Stack) -> None:
    graph = load_graph(stack.models / f"{NAME}.onnx")
    cut = prefix_cut(graph, 2)
    feeds = {graph.inputs[0]: np.random.default_rng(0).random((1, 3, SIZE, SIZE), np.float32)}
    boundary = Runner(head_model(graph, cut)).run(feeds)
    tensors = tuple(encode_tensor(name, boundary[name], TensorCode(8)) for name in cut.boundary)
    content = encode_frame(Frame("1", graph.sha256, cut.key, tensors))
    body, length = build_request(InferRequest((blob_tensor("evosplit_frame", content),), binary_default=True))
    door = stack.door("cloud", stack.secret("edge/cloud-token"))
    answer, headers = door.call(f"/v2/models/{NAME}/infer", body, **{HEADER_LENGTH: str(length)})
    response = parse_response(answer, int(headers[HEADER_LENGTH]) if HEADER_LENGTH in headers else None)
    (scores,) = (output.data for output in response.outputs)
    expected = Runner(graph.model).run(feeds)[graph.outputs[0]]
    assert np.abs(scores - expected).max() <= 0.05 * np.ptp(expected)
    assert len(content) < boundary[cut.boundary[0]].nbytes / 3


def test_a_picture_through_the_edge_is_finished_in_the_cloud(stack: Stack) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    door = stack.edge_door()
    kind = {"Content-Type": "image/png", "X-Evosplit-Frame-Id": "picture-1"}
    result = json.loads(door.call("/v1/frames", stream.getvalue(), **kind)[0])
    assert (result["frame_id"], result["answered_by"], result["error"]) == ("picture-1", "cloud", None)
    assert 0 < result["wire_bytes"] < SIZE * SIZE * 3 * 4
    assert len(result["outcome"]["top"]) == 5
    assert json.loads(door.call("/v1/results/picture-1")[0])["outcome"] == result["outcome"]


@pytest.mark.smoke
@pytest.mark.parametrize("service", ["cloud", "edge"])
def test_without_a_token_there_is_no_answer(stack: Stack, service: str) -> None:
    assert stack.door(service, None).refusal(f"/v2/models/{NAME}")[0] == 401
    assert stack.door(service, "a-wrong-token").refusal(f"/v2/models/{NAME}")[0] == 401


def test_the_token_of_one_tier_is_none_of_the_other(stack: Stack) -> None:
    assert stack.door("cloud", stack.secret("edge/token")).refusal("/v1/models")[0] == 401
    assert stack.door("edge", stack.secret("cloud/token")).refusal("/v1/results")[0] == 401


def test_a_token_has_its_scopes_and_is_revoked_while_all_runs(stack: Stack) -> None:
    made = stack.inside("cloud", *("evosplit", "tokens", "add", "stock"), "--scopes=infer", "--data=/data")
    door = stack.door("cloud", made.strip())
    assert json.loads(door.call(f"/v2/models/{NAME}")[0])["name"] == NAME
    status, line = door.refusal("/v1/models")
    assert (status, "read" in line) == (403, True)
    stack.inside("cloud", "evosplit", "tokens", "revoke", "stock", "--data=/data")
    until(lambda: door.refusal("/v1/models")[0] == 401, "a revoked token is refused", 2)


def test_another_authority_is_not_trusted(stack: Stack) -> None:
    url = stack.door("cloud", None).url
    with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
        Door(url, ssl.create_default_context(), None).call("/v2/health/live")


def test_the_setup_again_renews_certificates_and_keeps_secrets(stack: Stack) -> None:
    kept = [stack.secret(place) for place in ("cloud/token", "edge/cloud-token", "cloud/ca.pem")]
    before = stack.secret("cloud/tls.pem")
    stack.compose("run", "--rm", "setup")
    assert [stack.secret(place) for place in ("cloud/token", "edge/cloud-token", "cloud/ca.pem")] == kept
    assert stack.secret("cloud/tls.pem") != before
    stack.door("cloud", kept[0]).call("/v1/models")
