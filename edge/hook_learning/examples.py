"""Examples that hooks are learned from, variants of them that are tried, and the hooks fitted to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.head.run import HeadRun
from evosplit.edge.head.steps import Head
from evosplit.edge.hooks.hook import Hook
from evosplit.edge.pipeline.job import Answer
from evosplit.shared.plan import TensorCode

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
    """A cheaper way to the same answer: coarser codes, fewer channels, or another head for the same cut."""

    codes: Mapping[str, TensorCode] = field(default_factory=dict)
    channels: Channels = field(default_factory=dict)
    head: Head | None = None


@dataclass(frozen=True, eq=False)
class TriedVariant:
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
