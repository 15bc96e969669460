"""Head representation: a list of steps, segments to run and hooks to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from evosplit.edge.backends.segment import Segment
from evosplit.edge.head.partition import Part
from evosplit.edge.hooks.hook import Hook
from evosplit.shared.graph import Tensor
from evosplit.shared.restoration.transform import ChannelTransform


@dataclass(frozen=True)
class RunSegment:
    """Run a segment. ``name`` is its position among the head's segments, ``part`` what it runs."""

    segment: Segment
    name: str
    part: Part


@dataclass(frozen=True)
class AskHook:
    """Ask a hook. Where it may skip a block, that makes ``until``, and ``after`` is the step behind it."""

    hook: Hook
    until: str | None = None
    after: int = 0


Step: TypeAlias = RunSegment | AskHook


@dataclass(frozen=True)
class Head:
    """A head that is ready to run.

    ``reads`` are the model's inputs that it looks at, ``boundary`` what crosses, ``outputs`` the model's
    outputs that it finishes by itself, ``watched`` tensors that are kept for the sampler. ``answers`` says
    what the whole network's outputs look like, for judging a hook's `Exit`; ``given`` are the hooks that it
    was built with, of which those without a proper place are not asked. ``transforms`` are what plans send
    components of its boundary by.
    """

    steps: tuple[Step, ...]
    reads: tuple[str, ...]
    boundary: tuple[str, ...]
    outputs: tuple[str, ...]
    answers: tuple[Tensor, ...] = ()
    watched: tuple[str, ...] = ()
    given: tuple[Hook, ...] = ()
    transforms: Mapping[str, ChannelTransform] = field(default_factory=dict)

    @property
    def hooks(self) -> tuple[Hook, ...]:
        """Its hooks in the order in which they are asked."""
        return tuple(step.hook for step in self.steps if isinstance(step, AskHook))

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Its segments in order."""
        return tuple(step.segment for step in self.steps if isinstance(step, RunSegment))
