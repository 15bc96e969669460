"""Bits and channels learned beside serving: what rows show, and what a whole agent makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edge_support import Stage, middle_stage, stage
from hook_support import FITS, NEVER, flat, learner

from evosplit.edge.hook_learning import boundary_learner, learning_budgets
from evosplit.edge.hook_learning.bits_learner import BitsLadder
from evosplit.edge.hook_learning.boundary_learner import BoundaryTensor, Row
from evosplit.edge.hook_learning.channels_learner import ChannelsLadder
from evosplit.edge.hooks.decisions import GO, Bits, Keep
from evosplit.edge.hooks.hook_file import decode_hooks, encode_hooks, load_hooks
from evosplit.shared.graph import Tensor
from evosplit.shared.plan import TensorCode

MAPS = Tensor("a", (1, 8, 4, 4), "float32")
BOUNDARY = BoundaryTensor(MAPS, TensorCode(8))
BITS, CHANNELS = BitsLadder(), ChannelsLadder()
QUIET = {"probe_interval_s": 60.0}
"""Nothing is tried while a probe is under way."""
RNG = np.random.default_rng(0)
START = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def _draws_from_the_start() -> None:
    """What a test draws does not depend on the tests before it."""
    RNG.bit_generator.state = START


def tensor(scale: float = 1.0) -> np.ndarray:
    return (scale * RNG.standard_normal((1, 8, 4, 4))).astype(np.float32)


def row(ladder: Any, stays: tuple[bool, ...], scale: float = 1.0) -> Row:
    return ladder.features(tensor(scale)), stays


def test_what_can_be_spared_of_a_tensor() -> None:
    assert BITS.steps(BOUNDARY) == tuple(map(TensorCode, (2, 3, 4, 6)))
    assert CHANNELS.steps(BOUNDARY) == (2, 4, 6)
    for bits in (2, 32):
        assert BITS.steps(BoundaryTensor(MAPS, TensorCode(bits))) == ()
    assert CHANNELS.steps(BoundaryTensor(Tensor("a", (1, 1, 4, 4), "float32"), TensorCode(8))) == ()
    few = CHANNELS.variant("a", 2, tensor())
    assert (few.codes, int(few.channels["a"].sum())) == ({}, 2)
    fewer = BITS.variant("a", TensorCode(3), tensor())
    assert (fewer.codes, fewer.channels) == ({"a": TensorCode(3)}, {})


def test_bits_are_as_few_as_the_rows_show() -> None:
    """Loud tensors need 6 bits, quiet ones 2."""
    loud = [row(BITS, (False, False, False, True), 5.0) for _ in range(200)]
    quiet = [row(BITS, (True, True, True, True)) for _ in range(200)]
    rows = [each for pair in zip(loud, quiet, strict=True) for each in pair]
    hook = BITS.fit("bits-0", BOUNDARY, rows, 0.9)
    assert hook is not None
    decided = [hook.decide(tensor(scale), "s") for scale in (5.0, 1.0)]
    assert decided == [Bits({"a": TensorCode(6)}), Bits({"a": TensorCode(2)})]


def test_entropy_coded_tensors_try_the_steps_that_the_plan_carries() -> None:
    """Loud tensors need the plan's own step, quiet ones bear the largest."""
    largest, larger, own = (TensorCode(bits, -2.0, 2.0, "rans") for bits in (3, 4, 5))
    boundary = BoundaryTensor(MAPS, own, (largest, larger))
    assert BITS.steps(boundary) == (largest, larger)
    assert BITS.steps(BoundaryTensor(MAPS, own)) == ()
    rows = [row(BITS, (loud == 1.0,) * 2, loud) for loud in (5.0, 1.0) * 200]
    hook = BITS.fit("bits-0", boundary, rows, 0.9)
    assert hook is not None
    assert [hook.decide(tensor(scale), "s") for scale in (5.0, 1.0)] == [GO, Bits({"a": largest})]
    again = decode_hooks(encode_hooks("0" * 64, [hook]), "0" * 64)[0]
    assert again.decide(tensor(1.0), "s") == Bits({"a": largest})


@pytest.mark.parametrize("ladder", [BITS, CHANNELS])
def test_few_or_bad_rows_show_nothing(ladder: Any) -> None:
    width = len(ladder.steps(BOUNDARY))
    assert ladder.fit("h", BOUNDARY, [row(ladder, (True,) * width) for _ in range(20)], 0.99) is None
    assert ladder.fit("h", BOUNDARY, [row(ladder, (False,) * width) for _ in range(420)], 0.9) is None


def test_the_fewest_channels_that_hold() -> None:
    rows = [row(CHANNELS, (index % 2 == 0, True, True)) for index in range(200)]
    hook = CHANNELS.fit("channels-0", BOUNDARY, rows, 0.95)
    assert hook is not None
    loud = np.where(np.arange(8)[None, :, None, None] % 2 == 0, tensor(5.0), tensor(0.1))
    decision = hook.decide(loud, "s")
    assert isinstance(decision, Keep)
    assert decision.channels.tolist() == [True, False] * 4


async def teach(on: Stage, frames: int, rows: int = 0) -> None:
    """So many frames, or fewer where there are ``rows`` of each learner; none tries beside other requests."""
    for seed in range(frames):
        assert (await on.post(flat(seed)))[0] == 200
        await on.agent.frames.drain()
        if rows and all(len(each) >= rows for each in on.agent.hook_manager.learners):
            return


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning_budgets, "BYTE_SHARE", 1e9)
    monkeypatch.setattr(learning_budgets, "MOST_BYTES", 1e9)
    monkeypatch.setattr(boundary_learner, "LEAST_ROWS", 10)
    monkeypatch.setattr(FITS, 1e9)
    monkeypatch.setattr("evosplit.shared.time_budget.TimeBudget.is_spent", False)


async def test_the_device_learns_to_send_less(tmp_path: Path, free: None) -> None:
    options = {"exit_agreement": 0.6, "audit_share": NEVER, "hook_kinds": ("bits", "channels"), **QUIET}
    async with middle_stage(tmp_path, **options) as on:
        plain = (await on.post(flat(99)))[1]
        await teach(on, 400, rows=30)
        for kind in ("bits", "channels"):
            await on.agent.hook_manager.fit(learner(on, kind))
        (hook,) = on.agent.plans.heads.hooks  # what was learned without it is forgotten
        assert [len(each) for each in on.agent.hook_manager.learners] == [0, 0]
        short = (await on.post(flat(99)))[1]
        assert (short["answered_by"], short["wire_bytes"] < plain["wire_bytes"]) == ("cloud", True)
        stream = {"X-Evosplit-Stream": "gate"}
        asked = on.agent.profile.hooks[hook.name].seconds.count
        assert (await on.post(flat(99), headers=stream))[1]["answered_by"] == "cloud"
        assert on.agent.profile.hooks[hook.name].seconds.count == asked
        path = tmp_path / "data" / "net" / "hooks.evh"
        assert [kept.kind for kept in load_hooks(path, on.cloud.graph.sha256)] == [hook.kind]
    async with stage(tmp_path, **{**options, "hook_kinds": ("exit",)}) as again:
        assert again.agent.plans.heads.hooks == ()


async def test_the_learners_of_one_budget_get_equally_many_rows(tmp_path: Path, free: None) -> None:
    kinds = ("bits", "channels")
    async with middle_stage(tmp_path, audit_share=NEVER, hook_kinds=kinds, **QUIET) as on:
        await teach(on, 400, rows=5)
        rows = [len(learner(on, kind)) for kind in kinds]
        assert min(rows) >= 5
        assert abs(rows[0] - rows[1]) <= 1


async def test_asking_takes_a_small_share_of_the_bytes(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, audit_share=NEVER, hook_kinds=("bits",)) as on:
        await teach(on, 150)
        assert 1 <= len(learner(on, "bits")) <= 4
        assert on.agent.profile.frame_s.count == 150


async def test_a_cloud_that_goes_away_leaves_no_row(tmp_path: Path, free: None) -> None:
    async with middle_stage(tmp_path, audit_share=NEVER, hook_kinds=("bits",), **QUIET) as on:
        await teach(on, 400, rows=1)
        rows = len(learner(on, "bits"))
        assert rows
        on.cloud.mode = "500"
        for seed in range(4):
            assert (await on.post(flat(10 + seed)))[1]["answered_by"] == "edge-fallback"
        await on.agent.frames.drain()
        assert len(learner(on, "bits")) == rows
