"""A budget of bytes per frame: met by coarser steps, by frames of a whole agent, or refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
from edge_support import middle_stage, picture
from hypothesis import given, settings
from hypothesis import strategies as st
from net_bundle import make_plan

from evosplit.edge.head.apply_decisions import with_codes
from evosplit.edge.link.payloads import boundary_frame
from evosplit.edge.link.rate_control import budgeted_frame
from evosplit.kernels.codec import decode_tensor
from evosplit.shared.errors import FrameBudgetError
from evosplit.shared.graph import load_graph
from evosplit.shared.plan import Plan, TensorCode
from evosplit.shared.wire import decode_frame
from tests import models

TENSORS = {
    "a": np.maximum(np.random.default_rng(0).normal(size=(1, 8, 14, 14)), 0).astype(np.float32),
    "b": np.random.default_rng(1).normal(size=(1, 4, 9, 9)).astype(np.float32),
}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path = tmp_path_factory.mktemp("model") / "net.onnx"
    onnx.save(models.chain_net(), path)
    return dataclasses.replace(make_plan(load_graph(path), 3, 0.1, 1000), boundary=("a", "b"))


CODES = st.sampled_from(
    [
        TensorCode(4, -2.0, 5.5, "rans"),
        TensorCode(8, codec="rans"),
        TensorCode(4, -2.0, 5.5),
        TensorCode(6, codec="none"),
        TensorCode(16),
        TensorCode(32),
    ]
)


@settings(deadline=None)
@given(st.tuples(CODES, CODES), st.integers(250, 6000))
def test_the_budget_is_met_and_no_coarser_than_needed(
    plan: Plan, codes: tuple[TensorCode, TensorCode], budget: int
) -> None:
    asked = dataclasses.replace(plan, wire=dict(zip(("a", "b"), codes, strict=True)))
    content = budgeted_frame("frame", asked, TENSORS, budget)
    usual = boundary_frame("frame", asked, TENSORS)
    assert len(content) <= budget
    if len(usual) <= budget:
        assert content == usual
    for tensor in decode_frame(content).tensors:
        assert decode_tensor(tensor).shape == TENSORS[tensor.name].shape


def test_more_bytes_give_better_tensors(plan: Plan) -> None:
    asked = dataclasses.replace(plan, wire=dict.fromkeys("ab", TensorCode(6, -4.0, 5.0, "rans")))
    noises = []
    for budget in (2000, 1200, 700, 400):
        frame = decode_frame(budgeted_frame("frame", asked, TENSORS, budget))
        found = {tensor.name: decode_tensor(tensor) for tensor in frame.tensors}
        noises.append(sum(float(np.mean((found[name] - TENSORS[name]) ** 2)) for name in found))
    assert noises == sorted(noises)
    assert noises[0] < 0.1 * noises[-1]


def test_what_no_step_can_meet_is_refused(plan: Plan) -> None:
    asked = dataclasses.replace(plan, wire=dict.fromkeys("ab", TensorCode(4, codec="rans")))
    with pytest.raises(FrameBudgetError, match="100 bytes"):
        budgeted_frame("frame", asked, TENSORS, 100)


async def test_an_agent_keeps_the_budget(tmp_path: Path) -> None:
    async with middle_stage(tmp_path / "free") as on:
        _, free = await on.post(picture(1))
    async with middle_stage(tmp_path / "tight", max_frame_bytes=free["wire_bytes"] - 20) as on:
        for stream in ({}, {"X-Evosplit-Stream": "gate"}):
            status, answer = await on.post(picture(1), headers=stream)
            assert (status, answer["answered_by"]) == (200, "cloud")
            assert answer["wire_bytes"] <= free["wire_bytes"] - 20


async def test_an_agent_answers_alone_where_nothing_fits(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, max_frame_bytes=10) as on:
        status, answer = await on.post(picture(1))
        assert (status, answer["answered_by"]) == (200, "edge-fallback")
        assert not on.agent.cloud.circuit.is_open


def test_only_a_frame_of_the_plans_own_codes_names_what_restores_it(plan: Plan) -> None:
    wire = {"a": TensorCode(4, -2.0, 5.5, "rans", restoration="0f" * 8), "b": TensorCode(8, codec="rans")}
    restored = dataclasses.replace(plan, wire=wire)
    whole = boundary_frame("f", restored, TENSORS)
    assert decode_frame(whole).restorations == ("0f" * 8, "")
    coarser = budgeted_frame("f", restored, TENSORS, len(whole) - 100)
    assert decode_frame(coarser).restorations == ()
    of_components = {"a": dataclasses.replace(wire["a"], transform="1e" * 8), "b": wire["b"]}
    transformed = dataclasses.replace(plan, wire=of_components)
    assert decode_frame(boundary_frame("f", transformed, TENSORS)).restorations == ("0f" * 8, "")
    coarser = budgeted_frame("f", transformed, TENSORS, len(whole) - 100)
    assert len(coarser) <= len(whole) - 100
    assert decode_frame(coarser).restorations == ("1e" * 8, "")
    hooked = with_codes(restored, {"a": TensorCode(4, -4.0, 11.0, "rans")})
    assert decode_frame(boundary_frame("f", hooked, TENSORS)).restorations == ()
