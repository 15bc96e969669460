"""The protocol of hook learners: examples in, hooks out. Each kind of hook has one learner, in one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.head.hook_trust import HookTrust
from evosplit.edge.head.run import HeadRun
from evosplit.edge.head.steps import Head
from evosplit.edge.hooks.hook import Hook
from evosplit.edge.pipeline.current_plan import CurrentPlan
from evosplit.edge.pipeline.job import Answer
from evosplit.edge.telemetry.hook_state import SamplerState
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan

Channels: TypeAlias = Mapping[str, NDArray[np.bool_]]
"""Masks `(C,) bool` of the channels that travel, by tensor."""


@dataclass(frozen=True, eq=False)
class Example:
    """A frame of ``stream`` with the network's full answer, whose name is ``key``; None: not discrete.

    ``run`` is what ``head`` made of the frame.
    """

    stream: str
    answer: Answer
    head: Head
    run: HeadRun
    key: str | None


@dataclass(frozen=True, eq=False)
class Variant:
    """A cheaper way to the same answer: fewer bits, fewer channels, or another head for the same cut."""

    bits: Mapping[str, int] = field(default_factory=dict)
    channels: Channels = field(default_factory=dict)
    head: Head | None = None


@dataclass(frozen=True, eq=False)
class Trial:
    """Whether the cloud's answer to a variant ``agrees`` with the full one; ``run`` is of the head tried."""

    variant: Variant
    run: HeadRun
    agrees: bool


@dataclass(frozen=True, eq=False)
class FittedHooks:
    """Hooks that take the place of all learned ones of ``kind``; of those that read ``tap`` alone, if given.

    ``exit_rates`` are the shares of frames that hooks are expected to answer, by their names.
    """

    kind: str
    hooks: tuple[Hook, ...]
    tap: str | None = None
    exit_rates: Mapping[str, float] = field(default_factory=dict)

    def replaces(self, hook: Hook) -> bool:
        """Whether a learned hook has to go for these."""
        return hook.kind == self.kind and self.tap in (None, hook.tap)


class HookLearner(Protocol):
    """Collects examples of one kind of hook, and fits hooks once there are enough.

    ``name`` is that of the settings and of the file of hooks. With ``is_sampled`` examples may be left out:
    those that the time budget does not allow. ``rests_on`` are kinds of hooks without which its examples were
    seen: when one of those comes to work, `reset` is called.

    `wants` and `fit` are called by the event loop, `observe` and `reset` by the thread that computes.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def is_sampled(self) -> bool: ...  # noqa: D102

    @property
    def rests_on(self) -> frozenset[str]: ...  # noqa: D102

    def wants(self, example: Example) -> bool:
        """Whether the example would teach anything; asked for every frame, and cheap."""
        ...

    def observe(self, example: Example, trials: tuple[Trial, ...]) -> None:
        """Collect one example; ``trials`` are of the variants that it asked for."""
        ...

    async def fit(self) -> FittedHooks | None:
        """Hooks that the examples show to be safe; None without enough new ones, or where none is.

        Heavy work belongs to another thread or process. Raises LearningError, OSError.
        """
        ...

    def reset(self) -> None:
        """Forget the examples."""
        ...


@runtime_checkable
class VariantLearner(HookLearner, Protocol):
    """A learner that needs the cloud's answers to variants of a frame, which takes bytes.

    Of several that want an example, the one of the fewest rows gets it.
    """

    def variants(self, example: Example) -> tuple[Variant, ...]:
        """What to ask about, the mildest first; asking ends with the first that changes the answer."""
        ...

    def __len__(self) -> int:
        """How many rows it has."""
        ...


@runtime_checkable
class PlanFollower(HookLearner, Protocol):
    """A learner that turns to the plan in use, and may read tensors that heads hand out for it alone."""

    def taps(self, plan: Plan) -> tuple[str, ...]:
        """The tensors to hand out in a plan's head."""
        ...

    async def follow(self, plan: Plan) -> tuple[str, ...]:
        """Turn to the plan in use; the tensors to hand out. Raises LearningError, OSError."""
        ...


@runtime_checkable
class SamplingLearner(HookLearner, Protocol):
    """A learner that keeps a sample of frames."""

    @property
    def sampler_state(self) -> SamplerState:
        """For metrics and the profile."""
        ...


@dataclass(frozen=True, eq=False)
class LearnerContext:
    """What learners are made with.

    ``target`` is the agreement that hooks have to keep, ``limit_bytes`` what a learner's examples may take,
    and ``folder`` is for what it keeps across restarts. ``region`` (left, top, right, bottom) is the part of
    the picture that the user watches. ``pause`` holds processes up while frames are under way.
    """

    plans: CurrentPlan
    trust: HookTrust
    target: float
    limit_bytes: int
    folder: Path
    pause: BackgroundPause
    region: tuple[float, float, float, float] | None = None

    @property
    def graph(self) -> Graph:
        """The network's."""
        return self.plans.model.graph

    def is_at_work(self, kind: str, tap: str | None = None) -> bool:
        """Whether heads have a hook of this kind, at this tap if given, that is believed."""
        return any(
            hook.kind == kind and tap in (None, hook.tap) and self.trust.believes(hook)
            for hook in self.plans.heads.hooks
        )

    def layer_of(self, tensor: str) -> int:
        """The index of the layer that makes a tensor; 0 for an input. Hooks are named by it."""
        return next((layer.index for layer in self.graph.layers if tensor in layer.outputs), 0)
