"""Skips and salient regions learned beside serving: only where named, and only where the data allow it."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from edge_support import Stage, middle_stage
from hook_support import FITS, NEVER, flat, learner
from net_bundle import RTT_S, make_plans
from numpy.typing import NDArray
from onnx import numpy_helper
from PIL import Image

from evosplit.edge.audits.answer_agreement import Outputs
from evosplit.edge.head.run import NotedDecision
from evosplit.edge.hook_learning import learning_budgets
from evosplit.edge.hook_learning.mask_learner import saliency_place
from evosplit.edge.hook_learning.thinned_pairs import ThinnedPairs
from evosplit.edge.hook_training.skip_fit import fit_skip
from evosplit.edge.hooks.decisions import Decision
from evosplit.edge.hooks.hook_file import load_hooks
from evosplit.edge.settings import LEARNED, EdgeSettings
from evosplit.shared.errors import UsageError
from evosplit.shared.graph import Graph, load_graph, parse_cut
from evosplit.shared.plan import PlanTable
from tests import models

GATE = {"X-Evosplit-Stream": "gate"}


def residual(scale: float) -> onnx.ModelProto:
    """The residual network; what its blocks add is ``scale`` times as much."""
    model = models.residual_net()
    for weight in model.graph.initializer:
        if weight.name.startswith("b"):
            scaled = (numpy_helper.to_array(weight) * scale).astype(np.float32)
            weight.CopyFrom(numpy_helper.from_array(scaled, weight.name))
    return model


def behind_the_blocks(graph: Graph, with_fallback: bool) -> PlanTable:
    """As `make_table` has it, but the middle is behind both blocks."""
    raw, middle, alone = make_plans(graph, 7)
    return PlanTable(graph.name, graph.sha256, RTT_S, (1e5, 1e7), (alone, middle, raw), alone)


def infers(on: Stage) -> int:
    """How often the cloud was asked for an answer."""
    return sum(path.endswith("infer") for path in on.cloud.calls)


async def try_skips(on: Stage, frames: int, rows: int = 0) -> None:
    """So many frames, or fewer where there are ``rows`` of each block; none is learned from while probing."""
    for seed in range(frames):
        assert (await on.post(flat(seed)))[0] == 200
        await on.agent.frames.drain()
        await on.agent.hook_manager.follow()
        if rows and len(learner(on, "skip")) >= rows:
            return


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is learned must not depend on how busy the machine is: the tests alone say when to learn, and how
    much time may be spent on it."""
    monkeypatch.setattr(FITS, 1e9)
    monkeypatch.setattr("evosplit.shared.time_budget.TimeBudget.is_spent", False)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes cost nothing, and no answer is like the last one."""
    names = itertools.count()
    monkeypatch.setattr(learning_budgets, "BYTE_SHARE", 1e9)
    monkeypatch.setattr(learning_budgets, "MOST_BYTES", 1e9)
    monkeypatch.setattr("evosplit.edge.hook_learning.skip_learner.LEAST_ROWS", 30)
    monkeypatch.setattr("evosplit.edge.hook_learning.observer.outcome_key", lambda _: str(next(names)))


def options(*kinds: str) -> dict[str, Any]:
    return {"exit_agreement": 0.6, "audit_share": NEVER, "hook_kinds": kinds}


async def test_a_block_that_changes_nothing_is_skipped(tmp_path: Path, free: None) -> None:
    on_blocks = {"cut_key": "7", "table_of": behind_the_blocks, "model_of": lambda: residual(1e-4)}
    async with middle_stage(tmp_path, **on_blocks, **options("skip")) as on:
        await try_skips(on, 600, rows=30)
        await on.agent.hook_manager.fit(learner(on, "skip"))
        (hook,) = on.agent.plans.heads.hooks
        assert hook.kind == "skip"
        answer = (await on.post(flat(0)))[1]
        assert answer["answered_by"] == "cloud"
        assert on.agent.profile.hooks[hook.name].decisions["skip"] == 1
        await try_skips(on, 1)
        assert len(learner(on, "skip")) == 0
        path = tmp_path / "data" / "net" / "hooks.evh"
        assert [one.kind for one in load_hooks(path, on.cloud.graph.sha256)] == ["skip"]


async def test_blocks_are_tried_only_where_that_is_asked_for(tmp_path: Path, free: None) -> None:
    async with middle_stage(
        tmp_path, cut_key="7", table_of=behind_the_blocks, model_of=models.residual_net, **options("exit")
    ) as on:
        asked = infers(on)
        await try_skips(on, 4)
        assert infers(on) == asked + 4


async def test_trying_takes_a_small_share_of_the_bytes(tmp_path: Path) -> None:
    on_blocks = {"cut_key": "7", "table_of": behind_the_blocks, "model_of": lambda: residual(1e-4)}
    async with middle_stage(tmp_path, **on_blocks, **options("skip")) as on:
        asked = infers(on)
        await try_skips(on, 60)
        assert 60 <= infers(on) - asked <= 60 + 2


def test_a_block_that_changes_answers_is_not_skipped() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((1500, 8)).astype(np.float32)
    never = np.zeros(1500, np.bool_)
    assert fit_skip("s", ("a", "b"), features, never, never, 0.9) is None
    assert fit_skip("s", ("a", "b"), features[:2], ~never[:2], ~never[:2], 0.9) is None
    positive = features[:, 0] > 0
    hook = fit_skip("s", ("a", "b"), features, positive, positive, 0.9)
    assert hook is not None
    shares = hook.classifier.scores(features)[:, 1]
    assert positive[shares >= hook.threshold].mean() > 0.9


def test_what_is_learned_on_request_only() -> None:
    given = {"cloud_url": "http://c", "model": "net", "data": Path()}
    assert not {"skip", "saliency"} & set(LEARNED)
    assert EdgeSettings(**given, hook_kinds=("skip", "saliency")).hook_kinds == ("skip", "saliency")
    with pytest.raises(UsageError, match="saliency"):
        EdgeSettings(**given, hook_kinds=("luck",))


def scene(seed: int) -> bytes:
    """What one camera shows: always the same wall, and in three of four frames something bright before it."""
    wall = np.random.default_rng(0).integers(60, 90, (32, 32, 3))
    rng = np.random.default_rng(seed)
    pixels = wall + rng.integers(-1, 2, wall.shape)
    if seed % 4:
        y, x = rng.integers(0, 24, 2)
        pixels[y : y + 8, x : x + 8] = 255
    content = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(content, "PNG")
    return content.getvalue()


async def watch(on: Stage, frames: int, headers: dict[str, str] | None) -> None:
    await on.agent.hook_manager.follow()
    for seed in range(frames):
        assert (await on.post(scene(seed), headers=headers))[0] == 200
        await on.agent.frames.drain()


async def test_a_camera_that_mostly_shows_a_wall_gets_a_mask(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, **options("saliency")) as on:
        await watch(on, 60, GATE)
        await on.agent.hook_manager.fit(learner(on, "saliency"))
        (hook,) = on.agent.plans.heads.hooks
        assert (hook.kind, hook.tap) == ("mask", "r1")
        for seed in range(60, 64):
            assert (await on.post(scene(seed), headers=GATE))[1]["answered_by"] == "cloud"
            await on.agent.frames.drain()
        assert on.agent.profile.hooks[hook.name].decisions["mask"] == 3
        await on.agent.hook_manager.fit(learner(on, "saliency"))
        assert on.agent.plans.heads.hooks == (hook,)


async def test_audits_judge_a_learned_skip(
    tmp_path: Path, free: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each frame on which it would skip; which these are differs, as ids of frames are drawn at random."""
    audited = {**options("skip"), "audit_share": 1.0}
    on_blocks = {"cut_key": "7", "table_of": behind_the_blocks, "model_of": lambda: residual(1e-4)}
    async with middle_stage(tmp_path, **on_blocks, **audited) as on:
        await try_skips(on, 600, rows=30)
        await on.agent.hook_manager.fit(learner(on, "skip"))
        (hook,) = on.agent.plans.heads.hooks
        audits, claims = on.agent.hook_manager.audits, list[Decision]()
        compare = audits.compare

        def counted(frame_id: str, noted: tuple[NotedDecision, ...], full: Outputs) -> None:
            claims.extend(note.decision for note in noted if note.hook is hook)
            compare(frame_id, noted, full)

        monkeypatch.setattr(audits, "compare", counted)
        for seed in itertools.takewhile(lambda _: len(claims) < 6, itertools.count()):
            assert (await on.post(flat(seed)))[1]["answered_by"] == "cloud"
            await on.agent.frames.drain()
        assert (audits.agreed[hook.name], audits.disagreed[hook.name]) == (6, 0)


async def test_audits_judge_a_learned_mask(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, **{**options("saliency"), "audit_share": 1.0}) as on:
        await watch(on, 60, GATE)
        await on.agent.hook_manager.fit(learner(on, "saliency"))
        (hook,) = on.agent.plans.heads.hooks
        for seed in range(60, 64):
            await on.post(scene(seed), headers=GATE)
            await on.agent.frames.drain()
        audits = on.agent.hook_manager.audits
        assert audits.agreed[hook.name] + audits.disagreed[hook.name] >= 3


@pytest.mark.parametrize(("kinds", "headers"), [(("saliency",), None), (("exit",), GATE)])
async def test_no_mask_without_a_named_stream_or_the_wish(
    tmp_path: Path, kinds: tuple[str, ...], headers: dict[str, str] | None
) -> None:
    async with middle_stage(tmp_path, **options(*kinds)) as on:
        await watch(on, 45, headers)
        for each in on.agent.hook_manager.learners:
            await on.agent.hook_manager.fit(each)
        assert on.agent.plans.heads.hooks == ()


def pair(seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    maps = np.random.default_rng(seed).standard_normal((2, 1, 8, 4, 4)).astype(np.float32)
    return maps[0], maps[1]


def test_where_a_mask_reads_and_what_it_is_judged_by(tmp_path: Path) -> None:
    graph = load_graph(models.save(models.chain_net(), tmp_path, "net"), "net")
    assert saliency_place(graph, parse_cut(graph, "3")) == ("r1", "p2")
    assert saliency_place(graph, parse_cut(graph, "1")) is None


def test_pairs_are_bounded_and_lie_over_all_the_time() -> None:
    pairs, limit_bytes = ThinnedPairs(), 10 * 2 * 2 * 8 * 16
    for seed in range(100):
        pairs.offer(*pair(seed), limit_bytes)
        assert len(pairs.pairs) <= 10
    assert (pairs.offered, pairs.every) == (100, 16)
    kept = [
        next(seed for seed in range(100) if np.allclose(pair(seed)[0], seen, atol=0.01))
        for seen, _ in pairs.pairs
    ]
    assert max(after - before for before, after in itertools.pairwise([0, *kept, 100])) <= 16
    none = ThinnedPairs()
    none.offer(*pair(0), 1)
    none.offer(np.full((1, 8, 4, 4), np.inf, np.float32), pair(0)[1], limit_bytes)
    assert none.pairs == []
