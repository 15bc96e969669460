"""A camera that moves, through a whole agent: what its scene shows again is not computed again."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import onnx
from edge_support import middle_stage
from PIL import Image

from evosplit.edge.backends.race import FRAMES_PER_TURN
from evosplit.edge.pipeline.job import Job
from evosplit.edge.pipeline.unsent import Unsent, spooled
from evosplit.edge.results.spool import Spool
from evosplit.edge.results.store import Accepted, Store
from evosplit.shared.input_picture import Picture
from tests import models

SIDE = 128


def large_net() -> onnx.ModelProto:
    made = models.chain_net()
    for dim in made.graph.input[0].type.tensor_type.shape.dim[2:]:
        dim.dim_value = SIDE
    return made


def view(left: float) -> bytes:
    small = np.random.default_rng(3).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    scene = Image.fromarray(small).resize((480, 300), Image.Resampling.BICUBIC)
    content = io.BytesIO()
    shown = scene.resize((2 * SIDE, 2 * SIDE), Image.Resampling.BILINEAR, (left, 20, left + SIDE, 20 + SIDE))
    shown.save(content, "PNG")
    return content.getvalue()


async def shares_computed(folder: Path, follows: bool) -> list[float]:
    """Of the frames that the masked backend took, one after the other."""
    told = {"change_threshold": 0.15, "change_block": 4, "follow_shift": follows, "hooks": False}
    shares = []
    async with middle_stage(folder, model_of=large_net, **told) as on:
        for number in range(2 * FRAMES_PER_TURN):
            status, answer = await on.post(view(10 + 3.3 * number), headers={"X-Evosplit-Stream": "gate"})
            assert status == 200, answer
            async with on.client.get(f"{on.url}/v1/streams/gate/picture?changes=1") as response:
                packed = response.headers.get("X-Evosplit-Changes")
            if packed is not None:
                blocks = np.unpackbits(np.frombuffer(base64.b64decode(packed.split(";")[2]), np.uint8))
                shares.append(float(blocks.mean()))
    return shares


async def test_what_a_moving_camera_shows_again_is_kept(tmp_path: Path) -> None:
    followed, as_it_is = [await shares_computed(tmp_path / str(f), f) for f in (True, False)]
    assert len(followed) == len(as_it_is) == FRAMES_PER_TURN
    assert followed[-1] < 0.6 * as_it_is[-1]


def test_a_frame_that_waits_for_the_cloud_takes_its_nudge_along(tmp_path: Path) -> None:
    picture = Picture(np.zeros((SIDE, SIDE, 3), np.uint8), (200, 300), nudge=(1.5, -2.25), window=(0, 8))
    frame = spooled(
        Job("a", "gate", "net", "planned", picture=picture), "0" * 64, Unsent("x", b"", "3", None)
    )
    store = Store(tmp_path / "results.sqlite")
    store.accept(Accepted("a", "gate", "net", 5.0)).result()
    spool = Spool(store, 10**6)
    spool.put(frame).result()
    kept = spool.oldest()
    assert kept is not None
    assert (kept.request.picture_size, kept.request.picture_nudge) == picture.geometry
    store.close()
