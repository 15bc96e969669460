"""Entropy-coded boundaries through a whole agent and a cloud: frames of version 3, alone and in a stream."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edge_support import middle_stage, picture
from net_bundle import make_table

from evosplit.cloud import request_inputs
from evosplit.kernels.codec import encode_tensor
from evosplit.kernels.warm import warm_kernels
from evosplit.shared.graph import Graph
from evosplit.shared.plan import PlanTable, TensorCode
from evosplit.shared.wire import Frame, decode_frame, encode_frame

VERSION_AT = 4


def table_as(codec: str | None, multiplier: float | None = None) -> Callable[[Graph, bool], PlanTable]:
    """The usual plans, their tensors in 4 bits and in this codec."""
    code = TensorCode(4, codec=codec, lagrange_multiplier=multiplier)

    def made(graph: Graph, with_fallback: bool) -> PlanTable:
        table = make_table(graph, with_fallback)
        plans = (dataclasses.replace(plan, wire=dict.fromkeys(plan.wire, code)) for plan in table.plans)
        return dataclasses.replace(table, plans=tuple(plans))

    return made


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """A cloud that has to compile first would not answer in time."""
    warm_kernels()


@pytest.mark.parametrize("stream", [None, "gate"])
async def test_the_cloud_answers_as_it_does_without(
    tmp_path: Path, stream: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions: list[int] = []

    def seen(content: memoryview) -> Frame:
        versions.append(content[VERSION_AT])
        return decode_frame(content)

    monkeypatch.setattr(request_inputs, "decode_frame", seen)
    headers = {} if stream is None else {"X-Evosplit-Stream": stream}
    found: dict[str, Any] = {}
    for name, codec in {"plain": None, "coded": "rans"}.items():
        async with middle_stage(tmp_path / name, table_of=table_as(codec)) as on:
            answers = [await on.post(picture(seed), headers=headers) for seed in (1, 1, 2)]
            assert [(status, each["answered_by"]) for status, each in answers] == [(200, "cloud")] * 3
            found[name] = [each for _, each in answers]
    for one, other in zip(found["plain"], found["coded"], strict=True):
        assert one["outcome"]["top"][0]["label"] == other["outcome"]["top"][0]["label"]
        scores = [{each["label"]: each["score"] for each in some["outcome"]["top"]} for some in (one, other)]
        assert scores[0] == pytest.approx(scores[1], abs=0.005)
    assert versions == ([1, 1, 1, 3, 3, 3] if stream is None else [2, 2, 2, 3, 2, 2])


async def test_economical_frames_are_no_longer_and_answered_alike(tmp_path: Path) -> None:
    answers = {}
    for name, multiplier in {"nearest": None, "economical": 0.1155}.items():
        async with middle_stage(tmp_path / name, table_of=table_as("rans", multiplier)) as on:
            status, answers[name] = await on.post(picture(1))
            assert (status, answers[name]["answered_by"]) == (200, "cloud")
    labels = {answer["outcome"]["top"][0]["label"] for answer in answers.values()}
    assert len(labels) == 1
    assert answers["economical"]["wire_bytes"] <= answers["nearest"]["wire_bytes"]


def test_an_encoded_boundary_is_of_version_3() -> None:
    array = np.maximum(np.random.default_rng(0).normal(size=(1, 8, 16, 16)), 0).astype(np.float32)
    tensor = encode_tensor("x", array, TensorCode(4, codec="rans"))
    content = encode_frame(Frame("f", 64 * "0", "3", (tensor,)))
    assert content[VERSION_AT] == 3
    assert decode_frame(content).tensors[0].codec == "rans"
