"""Previews over HTTP: streams, their newest picture, thumbnails; nothing where inputs stay on the device."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from edge_support import Stage, middle_stage, picture, stage
from PIL import Image

from evosplit.edge.backends.race import FRAMES_PER_TURN
from evosplit.edge.previews.change_grid import CHANGES
from evosplit.edge.previews.latest_pictures import MOST_STREAMS
from evosplit.shared import oip


async def get(on: Stage, path: str) -> tuple[int, dict[str, str], bytes]:
    async with on.client.get(f"{on.url}{path}") as response:
        return response.status, dict(response.headers), await response.read()


async def sent(on: Stage, seed: int, stream: str, size: tuple[int, int] = (24, 32)) -> str:
    status, answer = await on.post(picture(seed, size), stream=stream)
    assert status == 200
    await on.agent.frames.drain()
    return str(answer["frame_id"])


async def test_the_newest_picture_of_a_stream(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        assert (await on.get("/v1/streams"))[1] == {"streams": []}
        await sent(on, 0, "gate")
        newest = await sent(on, 1, "gate", (48, 96))
        await sent(on, 2, "yard")
        _, told = await on.get("/v1/streams")
        assert [(each["stream"], each["has_picture"]) for each in told["streams"]] == [
            ("yard", True),
            ("gate", True),
        ]
        assert told["streams"][1]["frame_id"] == newest
        status, headers, content = await get(on, "/v1/streams/gate/picture")
        assert (status, headers["Content-Type"], headers["X-Evosplit-Frame-Id"]) == (
            200,
            "image/jpeg",
            newest,
        )
        assert (headers["X-Evosplit-Picture"], headers["X-Evosplit-Region"]) == ("96x48", "0,0,1,1")
        assert headers["Cache-Control"] == "no-store"
        shown = Image.open(io.BytesIO(content))
        assert shown.size[0] == 2 * shown.size[1]


async def test_what_has_no_picture(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        tensor = oip.tensor("x", np.zeros((1, 3, 16, 16), np.float32))
        body, length = oip.build_request(oip.InferRequest((tensor,), binary_default=True))
        headers = {oip.HEADER_LENGTH: str(length)}
        async with on.client.post(f"{on.url}/v2/models/net/infer", data=body, headers=headers) as answer:
            assert answer.status == 200
        await on.agent.frames.drain()
        (told,) = (await on.get("/v1/streams"))[1]["streams"]
        assert (told["stream"], told["has_picture"]) == ("oip", False)
        for path in ("/v1/streams/oip/picture", "/v1/streams/other/picture", "/v1/results/x/thumbnail"):
            assert (await on.get(path))[0] == 404


async def test_streams_are_bounded(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        for number in range(MOST_STREAMS + 2):
            await sent(on, 0, f"s{number}")
        told = (await on.get("/v1/streams"))[1]["streams"]
        assert [each["stream"] for each in told] == [
            f"s{number}" for number in reversed(range(2, MOST_STREAMS + 2))
        ]


async def test_thumbnails_are_kept_where_asked_for(tmp_path: Path) -> None:
    async with stage(tmp_path, thumbnail_bytes=10**6) as on:
        frame_id = await sent(on, 0, "gate")
        status, headers, content = await get(on, f"/v1/results/{frame_id}/thumbnail")
        assert (status, headers["X-Evosplit-Frame-Id"]) == (200, frame_id)
        assert Image.open(io.BytesIO(content)).format == "JPEG"


@pytest.mark.parametrize("asked", [{"private": True}, {"min_depth": 1}])
async def test_nothing_is_shown_where_inputs_stay(tmp_path: Path, asked: dict[str, object]) -> None:
    async with stage(tmp_path, thumbnail_bytes=10**6, **asked) as on:
        frame_id = await sent(on, 0, "gate")
        assert (await on.get("/v1/streams"))[1]["streams"][0]["has_picture"] is False
        for path in ("/v1/streams/gate/picture", f"/v1/results/{frame_id}/thumbnail"):
            status, answer = await on.get(path)
            assert (status, "stay on this device" in answer["error"]) == (403, True)
        names = on.agent.store.select("SELECT name FROM sqlite_master WHERE name = 'thumbnails'", ())
        assert names == [] or on.agent.store.select("SELECT count(*) FROM thumbnails", ()) == [(0,)]


async def test_what_was_computed_anew_comes_where_it_is_asked_for(tmp_path: Path) -> None:
    path = "/v1/streams/gate/picture"
    async with middle_stage(tmp_path, hooks=False, change_threshold=0.0, change_block=4) as on:
        for _ in range(FRAMES_PER_TURN):  # of the dense backend
            await sent(on, 0, "gate")
        assert CHANGES not in (await get(on, f"{path}?changes=1"))[1]
        for seed, packed in ((0, "//8="), (0, "AAA="), (1, "//8=")):
            await sent(on, seed, "gate")
            _, headers, _ = await get(on, f"{path}?changes=1")
            assert headers[CHANGES] == f"4x4;0,0,1,1;{packed}"
        assert CHANGES not in (await get(on, path))[1]
