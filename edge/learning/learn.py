"""From samples to classifiers with thresholds: one for each place where a hook may stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge.learning.learned import Learned, Task
from edge.learning.samples import Samples
from edge.learning.trainers.types import Trainer


def learn(
    samples: Samples,
    tasks: Sequence[Task],
    target: float,
    *,
    trainers: Mapping[str, Trainer] | None = None,
    sure: float = 0.95,
    seed: int = 0,
) -> tuple[Learned, ...]:
    """Train every task with every trainer and keep the best of each; tasks stand in the order of the head.

    A task is calibrated on the held-out samples that no task before it answers, as it will meet them. Raises
    LearningError where there are too few samples.
    """
    raise NotImplementedError
