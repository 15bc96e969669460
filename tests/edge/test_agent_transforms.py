"""Components of channels through an agent and a cloud: alone, in a stream, within a budget, refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from edge_support import Stage, middle_stage, picture
from net_bundle import load_net, make_table, middle_only, net_card, write_net_bundle

from evosplit.cloud import request_inputs
from evosplit.edge.head.table_heads import Heads
from evosplit.kernels.warm import warm_kernels
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import BundleError
from evosplit.shared.graph import Graph
from evosplit.shared.plan import PlanTable, TensorCode
from evosplit.shared.restoration.network import Restoration, build_undoing
from evosplit.shared.wire import Frame, decode_frame

CUT = 3


def rotation(graph: Graph) -> Restoration:
    """A transform of what crosses in the middle."""
    (plan,) = middle_only(graph).plans
    (tensor,) = plan.boundary
    shape = graph.tensors[tensor].shape
    rng = np.random.default_rng(0)
    matrix, _ = np.linalg.qr(rng.normal(size=(shape[1], shape[1])))
    mean = rng.normal(size=shape[1]).astype(np.float32)
    return build_undoing(graph.sha256, tensor, shape, matrix.astype(np.float32), mean)


def networks(graph: Graph) -> Sequence[Restoration]:
    return (rotation(graph),)


def table_as(are_components: bool, bits: int = 8) -> Callable[[Graph, bool], PlanTable]:
    """The usual plans, the tensor in the middle entropy coded, as it is or as components."""

    def made(graph: Graph, with_fallback: bool) -> PlanTable:
        name = rotation(graph).name if are_components else None
        code = TensorCode(bits, -12.0, 12.0, "rans", None, name, name)
        table = make_table(graph, with_fallback)
        plans = (
            dataclasses.replace(plan, wire=dict.fromkeys(plan.wire, code))
            if plan.cut_key == str(CUT)
            else plan
            for plan in table.plans
        )
        return dataclasses.replace(table, plans=tuple(plans))

    return made


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """A cloud that has to compile first would not answer in time."""
    warm_kernels()


def scores(answer: dict[str, object]) -> dict[str, float]:
    outcome = answer["outcome"]
    assert isinstance(outcome, dict)
    return {each["label"]: each["score"] for each in outcome["top"]}


async def posted(on: Stage, stream: str | None) -> list[dict[str, object]]:
    headers = {} if stream is None else {"X-Evosplit-Stream": stream}
    answers = [await on.post(picture(seed), headers=headers) for seed in (1, 1, 2)]
    assert [(status, each["answered_by"]) for status, each in answers] == [(200, "cloud")] * 3
    return [each for _, each in answers]


@pytest.mark.parametrize("stream", [None, "gate"])
async def test_the_cloud_answers_as_it_does_without(
    tmp_path: Path, stream: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[Frame] = []

    def seen(content: memoryview) -> Frame:
        frames.append(decode_frame(content))
        return frames[-1]

    monkeypatch.setattr(request_inputs, "decode_frame", seen)
    async with middle_stage(tmp_path / "plain", table_of=table_as(False)) as on:
        plain = await posted(on, stream)
        name = rotation(on.cloud.graph).name
    async with middle_stage(tmp_path / "components", table_of=table_as(True), networks_of=networks) as on:
        components = await posted(on, stream)
    assert [frame.restorations for frame in frames] == [()] * 3 + [(name,)] * 3
    for one, other in zip(plain, components, strict=True):
        assert scores(one) == pytest.approx(scores(other), abs=0.02)


async def test_a_frame_within_a_budget_still_says_what_undoes_it(tmp_path: Path) -> None:
    limit = 200
    options = {"table_of": table_as(True), "networks_of": networks}
    async with middle_stage(tmp_path / "free", **options) as on:
        _, free = await on.post(picture(1))
    async with middle_stage(tmp_path / "small", max_frame_bytes=limit, **options) as on:
        for headers in ({}, {"X-Evosplit-Stream": "gate"}):
            status, answer = await on.post(picture(1), headers=headers)
            assert (status, answer["answered_by"]) == (200, "cloud")
            assert answer["wire_bytes"] <= limit < free["wire_bytes"]


async def test_a_cloud_without_the_network_refuses_and_the_edge_answers(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, table_of=table_as(True), networks_of=networks) as on:
        on.cloud.networks = {}
        status, answer = await on.post(picture(1))
        assert (status, answer["answered_by"]) == (200, "edge-fallback")


def test_heads_that_are_taken_over_have_the_transforms_of_their_bundle(tmp_path: Path) -> None:
    graph = load_net(tmp_path)
    digests = [
        write_net_bundle(graph, tmp_path / f"{number}.evb", table, net_card(graph), networks=made)
        for number, (table, made) in enumerate(
            [(table_as(False)(graph, True), ()), (table_as(True)(graph, True), networks(graph))]
        )
    ]
    before, after = (
        Heads(Bundle.open(tmp_path / f"{number}.evb", digest)) for number, digest in enumerate(digests)
    )
    plain, own = (heads.manifest.table.plans[1] for heads in (before, after))
    old = before.build(plain)
    after.inherit(before)
    taken = after.ready(own)
    assert taken is not None
    assert taken.steps is old.steps
    assert (set(old.transforms), set(taken.transforms)) == (set(), {rotation(graph).name})
    assert after.build(own) is taken


def test_a_bundle_whose_transform_is_missing_or_of_another_tensor_is_refused(tmp_path: Path) -> None:
    graph, path = load_net(tmp_path), tmp_path / "net.evb"
    table = table_as(True)(graph, True)
    digest = write_net_bundle(graph, path, table, None)
    with pytest.raises(BundleError, match="lacks transform"):
        Bundle.open(path, digest)
    right = rotation(graph)
    matrix = np.eye(2, dtype=np.float32)
    wrong = build_undoing(graph.sha256, right.tensor, (1, 2, 4, 4), matrix, np.zeros(2, np.float32))
    digest = write_net_bundle(graph, path, table, None, networks=(right, wrong))
    with pytest.raises(BundleError, match="of no tensor of net"):
        Heads(Bundle.open(path, digest)).build(table.plans[1])
