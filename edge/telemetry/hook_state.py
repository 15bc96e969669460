"""State of an agent's hooks and of their learning, as values for the API, metrics and expected savings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class HookState:
    """One hook's place, thresholds, arithmetic and standing.

    ``agreement`` is of the audits alone. ``state``: ``ok``, ``raise`` (it must be surer than its own
    threshold: ``floor``), ``off`` (audits disagreed), ``dropped`` (it misbehaved).
    """

    kind: str
    tap: str
    macs: int
    threshold: float | None
    floor: float | None
    audits: int
    agreement: float | None
    state: str
    expected_exit_rate: float | None


@dataclass(frozen=True)
class SamplerState:
    """What a sampler holds, of which tensors, and whether something is being trained on it."""

    taps: tuple[str, ...]
    offered: int
    size_bytes: int
    limit_bytes: int
    training: bool


class HookReporter(Protocol):
    """Knows the hooks of an agent: `evosplit.edge.hook_learning.manager.HookManager`."""

    def states(self) -> Mapping[str, HookState]:
        """By the hooks' names."""
        ...

    @property
    def sampler_state(self) -> SamplerState:
        """Of the sample that hooks are trained from."""
        ...
