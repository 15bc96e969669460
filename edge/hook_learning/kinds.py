"""Registry of the kinds of hooks that are learned: each has one learner, and a way back from its file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from evosplit.edge.hook_learning.bits_learner import bits_learner
from evosplit.edge.hook_learning.channels_learner import channels_learner
from evosplit.edge.hook_learning.exit_learner import ExitLearner
from evosplit.edge.hook_learning.learner import HookLearner
from evosplit.edge.hook_learning.learner_context import LearnerContext
from evosplit.edge.hook_learning.mask_learner import MaskLearner
from evosplit.edge.hook_learning.repeat_learner import RepeatLearner
from evosplit.edge.hook_learning.skip_learner import SkipLearner
from evosplit.edge.hooks.bits import BitsHook
from evosplit.edge.hooks.channels import ChannelsHook
from evosplit.edge.hooks.exit import ExitHook
from evosplit.edge.hooks.hook import Hook, SavedHook
from evosplit.edge.hooks.repeat import RepeatHook
from evosplit.edge.hooks.saliency import SaliencyMaskHook
from evosplit.edge.hooks.skip import SkipHook


@dataclass(frozen=True)
class HookKind:
    """``name`` is that of the settings and of the file of hooks; ``restored`` reads a hook of it."""

    name: str
    learner: Callable[[LearnerContext], HookLearner]
    restored: Callable[[SavedHook], Hook]


KINDS: Final = (
    HookKind("exit", ExitLearner, ExitHook.restored),
    HookKind("repeat", RepeatLearner, RepeatHook.restored),
    HookKind("bits", bits_learner, BitsHook.restored),
    HookKind("channels", channels_learner, ChannelsHook.restored),
    HookKind("skip", SkipLearner, SkipHook.restored),
    HookKind("saliency", MaskLearner, SaliencyMaskHook.restored),
)
"""All of them; of learners that have as many rows, the first is served first."""


def restored_by_kind() -> Mapping[str, Callable[[SavedHook], Hook]]:
    """What reads the hooks of each kind from a file."""
    return {kind.name: kind.restored for kind in KINDS}


def kinds_named(names: Collection[str]) -> tuple[HookKind, ...]:
    """The kinds of these names, in their own order."""
    return tuple(kind for kind in KINDS if kind.name in names)
