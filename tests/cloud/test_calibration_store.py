"""Calibration inputs from devices: what is kept, what is refused, and that plans are made of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cloud_support import (
    Answer,
    Client,
    app_client,
    blob_request,
    frame_bytes,
    plain_request,
    seeded_feeds,
)

from evosplit.cloud.calibration_store import CalibrationStore
from evosplit.cloud.planning import Planner
from evosplit.cloud.registry import Model, Registry
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.shared import oip
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import InputError, NotFoundError
from evosplit.shared.graph import prefix_cut
from evosplit.shared.picture_codes import encode_pixels
from evosplit.shared.profile import Profile
from evosplit.shared.profiler import measure_profile
from evosplit.shared.serial import to_data
from evosplit.shared.storage.file_objects import FileObjects
from evosplit.shared.token import bearer

BROKEN = (
    *("NaN or infinity", "has NaN", "the model takes", "no input 'z'"),
    *("not what crosses a cut", "not a whole", "frame"),
)
SET = "/v1/models/chain/calibrations/cam-1"


@pytest.fixture
def here(tiny_models: Path, tmp_path: Path) -> Iterator[Client]:
    shutil.copytree(tiny_models, tmp_path / "m")
    with app_client(
        tmp_path / "m", Planner(FileObjects(tmp_path / "m" / "data"), 1), max_body_bytes=200_000
    ) as client:
        yield client


@pytest.fixture(scope="module")
def profile(registry: Registry) -> Profile:
    return measure_profile(registry.get("chain").graph, 1, 8.0)


def put(client: Client, request: oip.InferRequest, at: object = 0, path: str = SET) -> Answer:
    body, length = oip.build_request(request)
    return client.call(
        "PUT", f"{path}/{at}", [body], {**bearer("a-token-for-tests"), oip.HEADER_LENGTH: str(length)}
    )


def plan(client: Client, profile: Profile, **more: object) -> Answer:
    body = {"profile": to_data(profile), "rtt_s": 0.02, "limits": {}} | more
    return client.post("/v1/models/chain/plans", json.dumps(body).encode())


def whole_frame(model: Model, seed: int = 0) -> oip.InferRequest:
    content = frame_bytes(model, prefix_cut(model.graph, 0), seeded_feeds(model, seed))
    return blob_request(oip.FRAME_INPUT, content)


def sized_picture(model: Model, seed: int = 0) -> oip.InferRequest:
    assert model.card is not None
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)
    return blob_request(oip.SIZED_PICTURE_INPUT, encode_pixels(model.card, pixels, "png"))


def test_every_kind_of_input_is_kept_and_found_again(registry: Registry, here: Client) -> None:
    model = registry.get("chain")
    for at, request in enumerate(
        (whole_frame(model), plain_request(seeded_feeds(model)), sized_picture(model))
    ):
        assert put(here, request, at).status == 200
    assert put(here, whole_frame(model, 5), 1).status == 200
    assert here.get(SET).json() == {"name": "cam-1", "inputs": [0, 1, 2]}
    assert here.get("/v1/models/chain/calibrations/other").status == 404


def test_what_was_sent_is_what_is_calibrated_from(registry: Registry, tmp_path: Path) -> None:
    model, store = registry.get("chain"), CalibrationStore(FileObjects(tmp_path))
    for at in (2, 0):
        store.put(model, "a", at, *oip.build_request(whole_frame(model, at)))
    first, second = store.feeds(model, "a")
    np.testing.assert_array_equal(first["x"], seeded_feeds(model, 0)["x"])
    np.testing.assert_array_equal(second["x"], seeded_feeds(model, 2)["x"])
    before = store.fingerprint(model, "a")
    store.put(model, "a", 1, *oip.build_request(whole_frame(model, 1)))
    assert store.fingerprint(model, "a") != before


def broken(model: Model) -> dict[str, oip.InferRequest]:
    feeds = seeded_feeds(model)
    nan, inf = feeds["x"].copy(), feeds["x"].copy()
    nan[0, 0, 0, 0], inf[0, 0, 0, 0] = np.nan, np.inf
    later = prefix_cut(model.graph, 3)
    return {
        "NaN or infinity": plain_request({"x": nan}),
        "has NaN": plain_request({"x": inf}),
        "the model takes": plain_request({"x": feeds["x"][:, :, :8]}),
        "no input 'z'": plain_request({"z": feeds["x"]}),
        "not what crosses a cut": blob_request(oip.FRAME_INPUT, frame_bytes(model, later, feeds)),
        "not a whole": blob_request(oip.SIZED_PICTURE_INPUT, b"\x89PNG\r\n\x1a\n and no more"),
        "frame": blob_request(oip.FRAME_INPUT, b"no frame"),
    }


@pytest.mark.parametrize("says", BROKEN)
def test_what_the_network_does_not_take_is_refused(registry: Registry, here: Client, says: str) -> None:
    answer = put(here, broken(registry.get("chain"))[says])
    assert answer.status == 400
    assert says in answer.json()["error"]
    assert here.get(SET).status == 404


@pytest.mark.parametrize(
    ("path", "at", "status"),
    [
        (SET, 512, 400),
        (SET, "x", 400),
        (SET, -1, 400),
        ("/v1/models/chain/calibrations/..%2f", 0, 400),
        ("/v1/models/chain/calibrations/a b", 0, 400),
        ("/v1/models/nobody/calibrations/a", 0, 404),
    ],
)
def test_places_that_there_are_not(
    registry: Registry, here: Client, path: str, at: object, status: int
) -> None:
    assert put(here, whole_frame(registry.get("chain")), at, path).status == status


def test_without_the_token_nothing_is_taken_or_told(here: Client) -> None:
    for method, path in (("PUT", f"{SET}/0"), ("GET", SET), ("GET", "/v1/models/chain/weights")):
        assert here.call(method, path, [b""]).status == 401


def test_sets_are_bounded_and_the_oldest_goes(registry: Registry, tmp_path: Path) -> None:
    model = registry.get("chain")
    body, length = oip.build_request(whole_frame(model))
    store = CalibrationStore(FileObjects(tmp_path), set_bytes=2 * len(body), most_sets=2)
    for at in (0, 1):
        store.put(model, "a", at, body, length)
    with pytest.raises(InputError, match="would take more"):
        store.put(model, "a", 2, body, length)
    store.put(model, "a", 1, body, length)
    os.utime(tmp_path / f"{model.graph.sha256[:16]}-a", ns=(1, 1))
    for name in ("b", "c"):
        store.put(model, name, 0, body, length)
    with pytest.raises(NotFoundError, match="no calibration 'a'"):
        store.feeds(model, "a")
    assert len(store.feeds(model, "b")) == len(store.feeds(model, "c")) == 1


def test_plans_are_calibrated_from_what_was_sent(
    registry: Registry, profile: Profile, here: Client, tmp_path: Path
) -> None:
    model = registry.get("chain")
    none = plan(here, profile)
    for at in range(6):
        assert put(here, sized_picture(model, at), at).status == 200
    live = plan(here, profile, calibration="cam-1")
    assert (none.status, live.status) == (200, 200), live.json()
    kinds = [kind_of(here, answer, tmp_path) for answer in (none, live)]
    assert kinds == ["none", "live"]
    again = plan(here, profile, calibration="cam-1").json()
    assert {key: again[key] for key in ("bundle", "table")} == {
        key: live.json()[key] for key in ("bundle", "table")
    }
    gone = plan(here, profile, calibration="cam-2")
    assert (gone.status, "no calibration 'cam-2'" in gone.json()["error"]) == (404, True)


def test_statistics_stand_for_inputs_that_were_not_sent(
    registry: Registry, profile: Profile, here: Client, tmp_path: Path
) -> None:
    model = registry.get("chain")
    errors = measure_errors(model.graph, [seeded_feeds(model, seed) for seed in range(4)], threads=1)
    answer = plan(here, profile, statistics=to_data(errors), limits={"max_error": 0.01, "min_depth": 1})
    assert answer.status == 200, answer.json()
    assert kind_of(here, answer, tmp_path) == "live"
    assert {p["cut_key"] for p in answer.json()["table"]["plans"]}.isdisjoint({"0"})
    for wrong in (replace(errors, model_sha256="0" * 64), replace(errors, activations={})):
        assert plan(here, profile, statistics=to_data(wrong)).status == 422
    assert plan(here, profile, statistics=to_data(errors), calibration="cam-1").status == 422


def test_the_weights_are_the_models_file(registry: Registry, here: Client, tiny_models: Path) -> None:
    assert here.get("/v1/models/chain/weights").body == (tiny_models / "chain.onnx").read_bytes()


def kind_of(client: Client, answer: Answer, folder: Path) -> str | None:
    digest = answer.json()["bundle"]
    (folder / "got.evb").write_bytes(client.get(f"/v1/bundles/{digest}").body)
    return Bundle.open(folder / "got.evb", digest).manifest.calibration
