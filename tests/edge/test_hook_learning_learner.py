"""A made-up kind of hook by one class: it learns, is kept and dropped, and its failures stay its own."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from edge_support import Stage, middle_stage, until
from hook_support import FITS, NEVER, flat, learner
from numpy.typing import NDArray

from evosplit.edge.hook_learning import kinds
from evosplit.edge.hook_learning.examples import Example, FittedHooks, TriedVariant
from evosplit.edge.hook_learning.kinds import KINDS, HookKind
from evosplit.edge.hook_learning.learner_context import LearnerContext
from evosplit.edge.hooks.decisions import GO, Decision, Exit
from evosplit.edge.hooks.hook import SavedHook
from evosplit.edge.hooks.hook_file import RESTORED, load_hooks
from evosplit.edge.settings import KINDS as SETTINGS_KINDS
from evosplit.edge.settings import LEARNED


@dataclasses.dataclass(frozen=True, eq=False)
class GuessHook:
    """Answers whatever it is shown."""

    tap: str
    outputs: Mapping[str, NDArray[Any]]
    name: str = "guess"
    kind: str = "guess"
    macs: int = 0

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        if stream == "odd":
            raise RuntimeError("no guess")
        return GO if stream == "wary" else Exit(self.outputs, 1.0)

    def saved(self) -> SavedHook:
        return SavedHook("guess", {"tap": self.tap}, self.outputs)

    @classmethod
    def restored(cls, saved: SavedHook) -> GuessHook:
        return cls(saved.fields["tap"], saved.arrays)


class GuessLearner:
    """Guesses the answer that it has seen last, once it has seen ten."""

    name = "guess"
    is_sampled = False
    rests_on = frozenset({"guess"})

    def __init__(self, context: LearnerContext) -> None:
        self.tap = context.graph.inputs[0]
        self.seen: list[Example] = []
        self.broken: set[str] = set()

    def wants(self, example: Example) -> bool:
        self._work("wants")
        return True

    def observe(self, example: Example, tried: tuple[TriedVariant, ...]) -> None:
        self._work("observe")
        self.seen.append(example)

    async def fit(self) -> FittedHooks | None:
        self._work("fit")
        if len(self.seen) < 10:
            return None
        return FittedHooks("guess", (GuessHook(self.tap, self.seen[-1].answer.outputs),))

    def reset(self) -> None:
        self.seen = []

    def _work(self, step: str) -> None:
        if step in self.broken:
            raise RuntimeError(f"{step} is broken")


GUESS = HookKind("guess", GuessLearner, GuessHook.restored)


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more entry of the registry, and of the settings' names."""
    monkeypatch.setattr(kinds, "KINDS", (*KINDS, GUESS))
    monkeypatch.setattr("evosplit.edge.settings.learning.KINDS", (*SETTINGS_KINDS, "guess"))
    monkeypatch.setattr("evosplit.edge.hook_learning.manager.LEARNED", (*LEARNED, "guess"))
    monkeypatch.setattr("evosplit.shared.time_budget.TimeBudget.is_spent", False)


@contextlib.asynccontextmanager
async def guessing(folder: Path, *names: str) -> AsyncIterator[Stage]:
    async with middle_stage(folder, audit_share=NEVER, hook_kinds=("guess", *names)) as on:
        yield on


async def show(on: Stage, frames: int, stream: str = "default") -> list[str]:
    """Who answered."""
    answers = [(await on.post(flat(seed), stream=stream))[1]["answered_by"] for seed in range(frames)]
    await on.agent.frames.drain()
    return answers


async def test_it_learns_is_kept_and_is_dropped(tmp_path: Path) -> None:
    async with guessing(tmp_path) as on:
        assert set(await show(on, 10)) == {"cloud"}
        await until(lambda: on.agent.plans.current[1].hooks != ())
        assert await show(on, 2) == ["exit"] * 2
        path = tmp_path / "data" / "net" / "hooks.evh"
        await until(lambda: path.exists() and learner(on, "guess").seen == [])  # they were without it
    async with guessing(tmp_path) as again:
        assert [hook.name for hook in again.agent.hook_manager.hooks] == ["guess"]
        assert await show(again, 2) == ["exit"] * 2
        assert await show(again, 1, "odd") == ["cloud"]
        assert set(again.agent.hook_manager.dropped) == {"guess"}
        assert await show(again, 2) == ["cloud"] * 2
        restored = {**RESTORED, "guess": GuessHook.restored}
        assert [hook.name for hook in load_hooks(path, again.cloud.graph.sha256, restored)] == ["guess"]
    async with middle_stage(tmp_path, audit_share=NEVER, hook_kinds=("exit",)) as without:
        assert without.agent.hook_manager.hooks == ()


@pytest.mark.parametrize("step", ["wants", "observe", "fit"])
async def test_a_learner_that_fails_leaves_the_others_alone(
    tmp_path: Path, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with guessing(tmp_path, "exit") as on:
        learner(on, "guess").broken.add(step)
        exits = learner(on, "exit")
        await until(lambda: exits.training is not None and on.agent.plans.watches(exits.training.taps))
        before = exits.training.sampler.offered
        assert set(await show(on, 12)) == {"cloud"}
        await until(lambda: f"{step} is broken" in caplog.text)
        assert exits.training.sampler.offered - before >= 10
        assert caplog.text.count(f"RuntimeError: {step} is broken") == 1  # then it rests


async def test_after_a_rest_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("evosplit.edge.background.retries.RESTS_S", (0.01, 600.0))
    monkeypatch.setattr(FITS, 0.01)
    async with guessing(tmp_path) as on:
        guess = learner(on, "guess")
        guess.broken.update(("observe", "fit"))
        await show(on, 2)
        await until(lambda: all(f"{step} is broken" in caplog.text for step in ("observe", "fit")))
        guess.broken.clear()
        while on.agent.plans.current[1].hooks == ():  # what comes while it rests is not collected
            await show(on, 2)


def test_each_kind_of_the_settings_has_a_learner() -> None:
    assert tuple(sorted(kind.name for kind in KINDS)) == tuple(sorted(set(SETTINGS_KINDS) - {"guess"}))
