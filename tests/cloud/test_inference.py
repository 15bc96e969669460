"""Scheduling: who comes while all slots are busy runs with others; outcomes go to whom they belong."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest
from cloud_support import blob_request, data_plane, frame_bytes, seeded_feeds, whole_outputs

from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.inference import Inference
from evosplit.cloud.prepared import Answer, Prepared
from evosplit.cloud.registry import Model, Registry
from evosplit.shared import oip
from evosplit.shared.errors import DeadlineError, EvoSplitError, WireError
from evosplit.shared.graph import prefix_cut


class HeldPlane(DataPlane):
    """Decodes nothing before ``go_on``."""

    def hold(self) -> None:
        self.go_on, self.is_busy = threading.Event(), threading.Event()
        self.sizes: list[int] = []

    def run(self, batch: Sequence[Prepared]) -> list[Answer | EvoSplitError]:
        self.sizes.append(len(batch))
        return super().run(batch)

    def prepare(self, name: str, call: Call) -> Prepared:
        self.is_busy.set()
        assert self.go_on.wait(20)
        return super().prepare(name, call)


def call_of(model: Model, cut: int, seed: int) -> Call:
    content = frame_bytes(model, prefix_cut(model.graph, cut), seeded_feeds(model, seed))
    body, length = oip.build_request(blob_request(oip.FRAME_INPUT, content))
    return Call(body, length, time.perf_counter())


def damaged(call: Call) -> Call:
    body = bytearray(call.body)
    body[-20] ^= 1
    return Call(bytes(body), call.header_length, call.received_s)


@pytest.fixture
def plane(registry: Registry) -> HeldPlane:
    held = data_plane(registry, kind=HeldPlane)
    held.hold()
    return held


async def test_what_comes_meanwhile_runs_together(plane: HeldPlane, registry: Registry) -> None:
    model = registry.get("residual")
    inference = Inference(plane, 1, 60.0)
    first = asyncio.create_task(inference.answer("residual", call_of(model, 2, 0)))
    await asyncio.to_thread(plane.is_busy.wait, 20)
    others = [
        asyncio.create_task(inference.answer("residual", call_of(model, cut, seed)))
        for seed, cut in enumerate((2, 2, 3, 2), start=1)
    ]
    bad = call_of(model, 2, 9)
    broken = asyncio.create_task(inference.answer("residual", damaged(bad)))
    while inference.waiting < len(others) + 1:
        await asyncio.sleep(0.001)
    plane.go_on.set()
    with pytest.raises(WireError, match="checksum"):
        await broken
    for seed, answer in enumerate(await asyncio.gather(first, *others)):
        got = oip.parse_response(*answer).arrays()["y"]
        expected = whole_outputs(model, seeded_feeds(model, seed))["y"]
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    assert plane.sizes == [1, 3, 1]
    inference.close()


async def test_too_late_is_not_begun(plane: HeldPlane, registry: Registry) -> None:
    inference = Inference(plane, 1, 60.0)
    with pytest.raises(DeadlineError):
        await inference.answer("residual", call_of(registry.get("residual"), 2, 0), left_s=0.0)
    assert not plane.is_busy.is_set()
    inference.close()


async def test_a_bad_frame_is_told_to_its_sender(registry: Registry) -> None:
    inference, model = Inference(data_plane(registry), 1, 60.0), registry.get("residual")
    with pytest.raises(WireError, match="checksum"):
        await inference.answer("residual", damaged(call_of(model, 2, 0)))
    inference.close()


async def test_what_is_slow_to_decode_is_decoded_before_its_turn(registry: Registry) -> None:
    inference, model = Inference(data_plane(registry), 1, 60.0), registry.get("residual")
    texts = [text_call(model, seed) for seed in range(4)]
    answers = await asyncio.gather(*(inference.answer("residual", call) for call in texts))
    for seed, answer in enumerate(answers):
        expected = whole_outputs(model, seeded_feeds(model, seed))["y"]
        np.testing.assert_allclose(oip.parse_response(*answer).arrays()["y"], expected, rtol=1e-4, atol=1e-5)
    inference.close()


def text_call(model: Model, seed: int) -> Call:
    """Inputs written as JSON."""
    inputs = [
        {"name": name, "datatype": "FP32", "shape": list(array.shape), "data": array.ravel().tolist()}
        for name, array in seeded_feeds(model, seed).items()
    ]
    return Call(json.dumps({"inputs": inputs}).encode(), None, time.perf_counter())
