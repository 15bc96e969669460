"""Bits and channels learned beside serving: what rows show, and what a whole agent makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from edge_support import Stage, middle_stage, stage
from hook_support import NEVER, flat

from evosplit.edge.hook_learning.bits_channels_learner import BitsLearner, ChannelsLearner, learners_for
from evosplit.edge.hooks.decisions import Bits, Keep
from evosplit.edge.hooks.hook_file import load_hooks
from evosplit.shared.graph import Tensor
from evosplit.shared.plan import TensorCode

MAPS = Tensor("a", (1, 8, 4, 4), "float32")
RNG = np.random.default_rng(0)


def tensor(scale: float = 1.0) -> np.ndarray:
    return (scale * RNG.standard_normal((1, 8, 4, 4))).astype(np.float32)


def collector(bits: int = 8) -> tuple[BitsLearner, ChannelsLearner]:
    first, second = learners_for(MAPS, TensorCode(bits))
    assert isinstance(first, BitsLearner)
    assert isinstance(second, ChannelsLearner)
    return first, second


def test_what_can_be_learned_of_a_tensor() -> None:
    bits, channels = collector()
    assert (bits.widths, bits.tries) == ((2, 3, 4, 6, 8), 4)
    assert channels.tops == (2, 4, 6)
    assert [one.kind for one in learners_for(MAPS, TensorCode(2))] == ["channels"]
    assert [one.kind for one in learners_for(MAPS, TensorCode(32))] == ["channels"]
    assert learners_for(Tensor("a", (1, 8), "float32"), TensorCode(8)) == ()
    fewer, keep = channels.way(tensor(), 0)
    assert (fewer, int(keep["a"].sum())) == ({}, 2)
    assert bits.way(tensor(), 1) == ({"a": 3}, {})


def test_bits_are_as_few_as_the_rows_show() -> None:
    """Loud tensors need 6 bits, quiet ones 2."""
    bits, _ = collector()
    for at in range(400):
        is_loud = at % 2 == 0
        bits.add(tensor(5.0 if is_loud else 1.0), (not is_loud, not is_loud, not is_loud, True))
    hook = bits.hook("bits-0", 0.9)
    assert hook is not None
    decided = [hook.decide(tensor(scale), "s") for scale in (5.0, 1.0)]
    assert decided == [Bits({"a": 6}), Bits({"a": 2})]


def test_few_or_bad_rows_show_nothing() -> None:
    bits, channels = collector()
    assert bits.hook("b", 0.9) is None
    assert channels.hook("c", 0.9) is None
    for _ in range(20):
        bits.add(tensor(), (True,) * 4)
        channels.add(tensor(), (True,) * 3)
    assert bits.hook("b", 0.99) is None
    assert channels.hook("c", 0.99) is None
    for _ in range(400):
        bits.add(tensor(), (False,) * 4)
        channels.add(tensor(), (False,) * 3)
    assert bits.hook("b", 0.9) is None
    assert channels.hook("c", 0.9) is None
    bits.add(np.full((1, 8, 4, 4), np.nan, np.float32), (True,) * 4)
    assert len(bits) == 420


def test_the_fewest_channels_that_hold() -> None:
    _, channels = collector()
    for at in range(200):
        channels.add(tensor(), (at % 2 == 0, True, True))
    hook = channels.hook("channels-0", 0.95)
    assert hook is not None
    loud = np.where(np.arange(8)[None, :, None, None] % 2 == 0, tensor(5.0), tensor(0.1))
    decision = hook.decide(loud, "s")
    assert isinstance(decision, Keep)
    assert decision.channels.tolist() == [True, False] * 4


def test_memory_of_rows_is_bounded() -> None:
    wide, *_ = learners_for(Tensor("a", (1, 4096, 4, 4), "float32"), TensorCode(8))
    assert isinstance(wide, BitsLearner)
    assert wide.rows.maxlen is not None
    assert wide.rows.maxlen * 4 * 3 * 4096 <= 4 << 20


async def teach(on: Stage, frames: int) -> None:
    on.agent.hook_manager.shadows._byte_budget.left = 1e9
    for seed in range(frames):
        assert (await on.post(flat(seed)))[0] == 200
        await on.agent.frames.drain()


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evosplit.edge.hook_learning.shadow_requests.MOST_BYTES", 1e9)
    monkeypatch.setattr("evosplit.edge.hook_learning.shadow_requests.LEAST_ROWS", 10)
    monkeypatch.setattr("evosplit.edge.hook_learning.manager.LOOK_S", 1e9)  # the tests say when to learn


async def test_the_device_learns_to_send_less(tmp_path: Path, free: None) -> None:
    options = {"exit_agreement": 0.6, "audit_share": NEVER, "hook_kinds": ("bits", "channels")}
    async with middle_stage(tmp_path, **options) as on:
        plain = (await on.post(flat(99)))[1]
        await teach(on, 60)
        await on.agent.hook_manager._learn_losses()
        first = [hook.kind for hook in on.agent.plans.heads.hooks]
        assert first
        short = (await on.post(flat(99)))[1]
        assert (short["answered_by"], short["wire_bytes"] < plain["wire_bytes"]) == ("cloud", True)
        stream = {"X-Evosplit-Stream": "gate"}
        asked = on.agent.profile.hooks[on.agent.plans.heads.hooks[0].name].seconds.count
        assert (await on.post(flat(99), headers=stream))[1]["answered_by"] == "cloud"
        assert on.agent.profile.hooks[on.agent.plans.heads.hooks[0].name].seconds.count == asked
        path = tmp_path / "data" / "net" / "hooks.evh"
        assert {hook.kind for hook in load_hooks(path, on.cloud.graph.sha256)} == set(first)
    async with stage(tmp_path, **{**options, "hook_kinds": ("exit",)}) as again:
        assert again.agent.plans.heads.hooks == ()


async def test_asking_takes_a_small_share_of_the_bytes(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, audit_share=NEVER, hook_kinds=("bits",)) as on:
        sent = 0
        for seed in range(150):
            sent += (await on.post(flat(seed)))[1]["wire_bytes"]
            await on.agent.frames.drain()
        shadows = on.agent.hook_manager.shadows
        assert 1 <= len(shadows._lessons[0]) <= 4
        assert on.agent.profile.frame_s.count == 150


async def test_a_cloud_that_goes_away_leaves_no_row(tmp_path: Path, free: None) -> None:
    async with middle_stage(tmp_path, audit_share=NEVER, hook_kinds=("bits",), probe_interval_s=60.0) as on:
        await teach(on, 2)
        rows = len(on.agent.hook_manager.shadows._lessons[0])
        on.cloud.mode = "500"
        for seed in range(4):
            assert (await on.post(flat(10 + seed)))[1]["answered_by"] == "edge-fallback"
        await on.agent.frames.drain()
        assert len(on.agent.hook_manager.shadows._lessons[0]) == rows
