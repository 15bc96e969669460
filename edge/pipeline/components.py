"""Components of channels: what a plan sends in place of a tensor, made as a part of encoding."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.segment import Tensors
from evosplit.edge.head.apply_decisions import kept_channels
from evosplit.edge.head.steps import Head
from evosplit.edge.pipeline.job import Job
from evosplit.edge.pipeline.stages import ENCODE, StageClock
from evosplit.shared.plan import Plan
from evosplit.shared.restoration.transform import in_components


def as_encoded(
    job: Job,
    plan: Plan,
    head: Head,
    tensors: Tensors,
    keep: Mapping[str, NDArray[np.bool_]],
    clock: StageClock,
) -> Tensors:
    """A head's tensors as they are encoded: without channels that a hook leaves out, or as components."""
    kept = kept_channels(plan, tensors, keep)
    if not any(code.transform for code in plan.wire.values()):
        return kept
    work = functools.partial(in_components, plan.wire, kept, head.transforms.__getitem__)
    return clock.run_stage(ENCODE, job.times, work)
