"""The data plane: every cut answers as the whole network does, and nothing wrong gets through."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import numpy as np
import pytest
from cloud_support import blob_request, data_plane, frame_bytes, plain_request, seeded_feeds, whole_outputs
from PIL import Image

from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.registry import Registry
from evosplit.shared import oip
from evosplit.shared.errors import EvoSplitError, InputError, NotFoundError, WireError
from evosplit.shared.graph import prefix_cut, prefix_cuts
from evosplit.shared.input_picture import sized_pixels
from evosplit.shared.picture_codes import encode_pixels
from evosplit.shared.preprocess import preprocess
from evosplit.shared.wire import Frame, decode_frame, encode_frame


@pytest.fixture(scope="module")
def plane(registry: Registry) -> DataPlane:
    return data_plane(registry)


def ask(plane: DataPlane, name: str, request: oip.InferRequest) -> oip.InferResponse:
    body, length = oip.build_request(request)
    return oip.parse_response(*plane.answer(name, Call(body, length, time.perf_counter())))


@pytest.mark.parametrize("name", ["chain", "residual", "branch"])
def test_the_whole_model_answers(plane: DataPlane, registry: Registry, name: str) -> None:
    model = registry.get(name)
    feeds = seeded_feeds(model)
    answer = ask(plane, name, plain_request(feeds, id="7"))
    assert (answer.id, answer.model_name) == ("7", name)
    assert [output.name for output in answer.outputs] == list(model.graph.outputs)
    for key, value in whole_outputs(model, feeds).items():
        np.testing.assert_allclose(answer.arrays()[key], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["chain", "residual", "branch"])
def test_every_cut_answers_like_the_whole(plane: DataPlane, registry: Registry, name: str) -> None:
    model = registry.get(name)
    feeds = seeded_feeds(model)
    whole = whole_outputs(model, feeds)
    for cut in prefix_cuts(model.graph):
        answer = ask(plane, name, blob_request(oip.FRAME_INPUT, frame_bytes(model, cut, feeds)))
        for key, value in answer.arrays().items():
            np.testing.assert_allclose(value, whole[key], rtol=1e-4, atol=1e-5)
    assert not answer.outputs  # behind the last cut nothing is left to do


def test_coarse_activations_give_nearly_the_same(plane: DataPlane, registry: Registry) -> None:
    model = registry.get("chain")
    feeds = seeded_feeds(model)
    content = frame_bytes(model, prefix_cut(model.graph, 2), feeds, bits=8)
    answer = ask(plane, "chain", blob_request(oip.FRAME_INPUT, content))
    np.testing.assert_allclose(answer.arrays()["y"], whole_outputs(model, feeds)["y"], atol=0.1)


def test_the_answer_says_where_the_time_went(plane: DataPlane, registry: Registry) -> None:
    answer = ask(plane, "chain", plain_request(seeded_feeds(registry.get("chain"))))
    assert set(answer.parameters) == {"queue_s", "decode_s", "tail_s"}
    assert all(isinstance(value, float) and 0 <= value < 10 for value in answer.parameters.values())


def test_a_picture_is_preprocessed_by_the_card(plane: DataPlane, registry: Registry) -> None:
    model = registry.get("chain")
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    answer = ask(plane, "chain", blob_request(oip.PICTURE_INPUT, stream.getvalue()))
    assert model.card is not None
    expected = whole_outputs(model, preprocess(model.card, pixels))
    np.testing.assert_allclose(answer.arrays()["y"], expected["y"], rtol=1e-4, atol=1e-5)


def test_a_sized_picture_is_taken_as_it_is(plane: DataPlane, registry: Registry) -> None:
    model = registry.get("chain")
    assert model.card is not None
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    content = encode_pixels(model.card, sized_pixels(model.card, pixels), "raw8")
    answer = ask(plane, "chain", blob_request(oip.SIZED_PICTURE_INPUT, content))
    expected = whole_outputs(model, preprocess(model.card, pixels))
    np.testing.assert_allclose(answer.arrays()["y"], expected["y"], rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="not of the network's size"):
        ask(plane, "chain", blob_request(oip.SIZED_PICTURE_INPUT, encode_pixels(model.card, pixels, "png")))


def test_outputs_come_as_asked(plane: DataPlane, registry: Registry) -> None:
    feeds = seeded_feeds(registry.get("branch"))
    wanted = (oip.RequestedOutput("up", binary=False), oip.RequestedOutput("scores", classification=2))
    answer = ask(plane, "branch", plain_request(feeds, outputs=wanted))
    assert [output.name for output in answer.outputs] == ["up", "scores"]
    assert answer.outputs[1].datatype == "BYTES"
    assert answer.outputs[1].shape == (1, 2)


def test_classes_carry_the_labels_of_the_card(plane: DataPlane, registry: Registry) -> None:
    wanted = (oip.RequestedOutput("y", classification=1),)
    answer = ask(plane, "chain", plain_request(seeded_feeds(registry.get("chain")), outputs=wanted))
    (best,) = answer.arrays()["y"].ravel()
    assert best.decode().rsplit(":", 1)[1] in {"ant", "bee", "cat", "dog", "elk"}


X = np.zeros((1, 3, 16, 16), np.float32)


def test_half_precision_is_taken_for_float32(plane: DataPlane, registry: Registry) -> None:
    """Files in half precision are loaded as float32; clients written for them send what they say."""
    halves = {name: feed.astype(np.float16) for name, feed in seeded_feeds(registry.get("chain")).items()}
    feeds = {name: half.astype(np.float32) for name, half in halves.items()}
    answers = [ask(plane, "chain", plain_request(each)).arrays()["y"] for each in (halves, feeds)]
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize(
    ("feeds", "says"),
    [
        ({"wrong": X}, "no input 'wrong' here; there are x"),
        ({"x": X[:, :2]}, r"input x is FP32 \[1, 2, 16, 16\], the model takes FP32 \[1, 3, 16, 16\]"),
        ({"x": X.astype(np.float64)}, "input x is FP64"),
        ({"x": X, "z": X}, "no input 'z'"),
    ],
)
def test_wrong_tensors(plane: DataPlane, feeds: dict[str, np.ndarray], says: str) -> None:
    with pytest.raises(InputError, match=says):
        ask(plane, "chain", plain_request(feeds))


def test_a_missing_tensor(plane: DataPlane) -> None:
    with pytest.raises(InputError, match="input 'z' is missing"):
        ask(plane, "branch", plain_request({"x": X}))


def test_an_unknown_output(plane: DataPlane) -> None:
    with pytest.raises(InputError, match="no output 'q' here; there are y"):
        ask(plane, "chain", plain_request({"x": X}, outputs=(oip.RequestedOutput("q"),)))


def test_an_unknown_model(plane: DataPlane) -> None:
    with pytest.raises(NotFoundError, match="no model 'other'"):
        ask(plane, "other", plain_request({"x": X}))


def test_a_picture_without_a_card(plane: DataPlane) -> None:
    with pytest.raises(InputError, match="has no card"):
        ask(plane, "residual", blob_request(oip.PICTURE_INPUT, b"JPEG"))


def test_a_picture_that_is_none(plane: DataPlane) -> None:
    with pytest.raises(InputError, match="no picture of a known kind"):
        ask(plane, "chain", blob_request(oip.PICTURE_INPUT, b"JPEG"))


def test_a_frame_that_is_no_byte_tensor(plane: DataPlane) -> None:
    with pytest.raises(InputError, match="UINT8"):
        ask(plane, "chain", plain_request({oip.FRAME_INPUT: np.zeros(4, np.float32)}))


def tampered(registry: Registry, **changes: object) -> bytes:
    model = registry.get("chain")
    content = frame_bytes(model, prefix_cut(model.graph, 2), seeded_feeds(model))
    frame: Frame = decode_frame(content)
    tensor_changes = {key[7:]: value for key, value in changes.items() if key.startswith("tensor_")}
    frame_changes = {key: value for key, value in changes.items() if not key.startswith("tensor_")}
    if tensor_changes:
        frame_changes["tensors"] = tuple(replace(item, **tensor_changes) for item in frame.tensors)
    return encode_frame(replace(frame, **frame_changes))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model_sha256": "0" * 64}, "of chain is not served here"),
        ({"cut_key": "99"}, "99"),
        ({"cut_key": "x2"}, "x2|needs|leaves"),
        ({"cut_key": "nonsense"}, "nonsense"),
        ({"cut_key": "3"}, "no tensor"),
        ({"tensors": ()}, "is missing"),
        ({"tensor_name": "other"}, "no tensor 'other'"),
        ({"tensor_shape": (1, 8, 8, 8, 1)}, "the model takes float32"),
        ({"tensor_dtype": "int32"}, "is int32"),
    ],
)
def test_frames_that_lie(plane: DataPlane, registry: Registry, changes: dict[str, object], says: str) -> None:
    with pytest.raises(EvoSplitError, match=says) as caught:
        ask(plane, "chain", blob_request(oip.FRAME_INPUT, tampered(registry, **changes)))
    assert caught.value.http_status == (410 if "not served here" in says else 400)


def test_corrupted_frames(plane: DataPlane, registry: Registry) -> None:
    content = tampered(registry)
    for spoilt in (content[:-1], content[:40], b"", bytes([content[0] ^ 1]) + content[1:], content + b"x"):
        with pytest.raises(WireError):
            ask(plane, "chain", blob_request(oip.FRAME_INPUT, spoilt))
