"""The data plane over models whose inputs and outputs are not all tensors of numbers that are read."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from cloud_support import (
    app_client,
    blob_request,
    data_plane,
    frame_bytes,
    plain_request,
    seeded_feeds,
    whole_outputs,
)

from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.registry import Registry, open_registry
from evosplit.cloud.repository.model_source import ModelFolder
from evosplit.shared import oip
from evosplit.shared.errors import InputError, ModelError, UsageError
from evosplit.shared.graph import prefix_cuts
from tests import models, odd_models


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("odd")
    models.save(odd_models.classifier(False), made, "strings")
    models.save(odd_models.classifier(True), made, "zipped")
    models.save(odd_models.passing(), made, "passing")
    models.save(odd_models.unread(), made, "unread")
    return made


@pytest.fixture(scope="module")
def odd(folder: Path) -> Registry:
    return open_registry(ModelFolder(folder))


@pytest.fixture(scope="module")
def plane(odd: Registry) -> DataPlane:
    plane = data_plane(odd)
    for name in odd.models:
        plane.warm(odd.get(name))
    return plane


def _ask(plane: DataPlane, name: str, request: oip.InferRequest) -> oip.InferResponse:
    body, length = oip.build_request(request)
    return oip.parse_response(*plane.answer(name, Call(body, length, time.perf_counter())))


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("name", ["strings", "zipped"])
def test_labels_are_bytes(plane: DataPlane, odd: Registry, name: str, binary: bool) -> None:
    model = odd.get(name)
    feeds = seeded_feeds(model)
    answer = _ask(plane, name, plain_request(feeds, binary_default=binary))
    label, scores = answer.outputs
    assert (label.datatype, label.shape) == ("BYTES", (1,))
    whole = whole_outputs(model, feeds)
    assert [text.decode() for text in label.data] == list(whole["label"])
    np.testing.assert_allclose(scores.data, whole[scores.name], rtol=1e-6)


def test_a_label_behind_a_cut_is_bytes_too(plane: DataPlane, odd: Registry) -> None:
    model = odd.get("strings")
    feeds = seeded_feeds(model)
    *inner, _ = prefix_cuts(model.graph)
    assert len(inner) == 3
    for cut in inner:
        answer = _ask(plane, "strings", blob_request(oip.FRAME_INPUT, frame_bytes(model, cut, feeds)))
        assert answer.arrays()["label"][0].decode() == whole_outputs(model, feeds)["label"][0]


def test_strings_on_the_wire_have_a_length_each() -> None:
    """Little-endian, 4 bytes, as the binary tensor extension has it."""
    texts = oip.tensor("label", np.array(["ant", "c\u00e4t"], object))
    request = oip.InferRequest((texts,), binary_default=True)
    body, length = oip.build_request(request)
    assert body[length:] == b"\x03\0\0\0ant\x04\0\0\0c\xc3\xa4t"


def test_labels_are_not_ranked(plane: DataPlane, odd: Registry) -> None:
    ranked = (oip.RequestedOutput("label", classification=2),)
    with pytest.raises(InputError, match="no numbers to rank"):
        _ask(plane, "strings", plain_request(seeded_feeds(odd.get("strings")), outputs=ranked))


def test_inputs_and_weights_that_are_outputs_are_answered(plane: DataPlane, odd: Registry) -> None:
    model = odd.get("passing")
    feeds = seeded_feeds(model)
    answer = _ask(plane, "passing", plain_request(feeds)).arrays()
    assert answer.keys() == {"x", "y", "w"}
    for name, wanted in whole_outputs(model, feeds).items():
        np.testing.assert_allclose(answer[name], wanted, rtol=1e-6)


def test_inputs_that_nothing_reads_may_be_left_out(plane: DataPlane, odd: Registry) -> None:
    feeds = seeded_feeds(odd.get("unread"))
    assert feeds.keys() == {"x"}
    answer = _ask(plane, "unread", plain_request(feeds)).arrays()["y"]
    for unread in (np.zeros((1, 5), np.float32), np.zeros(7, np.int64)):
        given = _ask(plane, "unread", plain_request({"z": unread, **feeds})).arrays()["y"]
        np.testing.assert_array_equal(given, answer)
    with pytest.raises(InputError, match="no input 'q' here; there are x"):
        _ask(plane, "unread", plain_request({"q": feeds["x"], **feeds}))
    with pytest.raises(InputError, match="input 'x' is missing"):
        _ask(plane, "unread", plain_request({"z": feeds["x"]}))


def test_metadata_lists_all_of_them(folder: Path) -> None:
    with app_client(folder) as client:
        told = client.get("/v2/models/unread").json()
        assert [(one["name"], one["shape"]) for one in told["inputs"]] == [("x", [1, 4]), ("z", [1, 5])]
        told = client.get("/v2/models/zipped").json()
        assert [(one["name"], one["datatype"]) for one in told["outputs"]] == [
            ("label", "BYTES"),
            ("m", "FP32"),
        ]


def test_shapes_pin_models_of_the_folder(tmp_path: Path) -> None:
    model = models.chain_net()
    for axis, symbol in ((2, "h"), (3, "w")):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = symbol
    for name in ("given", "filed", "unsaid"):
        models.save(model, tmp_path, name)
    (tmp_path / "filed.shape.yaml").write_text("x: 1x3x16x16")
    registry = open_registry(ModelFolder(tmp_path), {"given": {"x": (1, 3, 24, 16)}})
    assert registry.get("given").graph.tensors["x"].shape == (1, 3, 24, 16)
    assert registry.get("filed").graph.tensors["x"].shape == (1, 3, 16, 16)
    assert registry.get("given").graph.sha256 != registry.get("filed").graph.sha256
    with pytest.raises(ModelError, match="say its size: --shape x=1x3x640x640, or x: 1x3x640x640 in"):
        registry.get("unsaid")
    with pytest.raises(UsageError, match=r"no gone\.onnx"):
        open_registry(ModelFolder(tmp_path), {"gone": {"x": (1, 3, 24, 16)}})
