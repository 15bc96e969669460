"""Context of hook learners: the plans in use, trust in hooks, limits, and a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.head.hook_trust import HookTrust
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.shared.graph import Graph


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
