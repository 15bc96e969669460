"""Training process: outside the serving path, at the lowest priority, on one thread.

``python -m evosplit.edge.hook_training.training_process``: the job as JSON on standard input; the classifiers
go to the file that it names, one line on standard error says why there are none.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evosplit.edge.background.child_process import run_paced
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.hook_training.classifier_file import read_learned, write_learned
from evosplit.edge.hook_training.sample_file import read_samples
from evosplit.edge.hook_training.trained_classifier import TrainedClassifier, TrainingTask
from evosplit.edge.hook_training.trainers import TRAINERS
from evosplit.edge.hook_training.training import learn
from evosplit.shared.child_process import bound_memory, die_with_parent, step_back
from evosplit.shared.errors import LearningError

_BASE_BYTES: Final = 256 << 20
_COPIES: Final = 6
"""Python with NumPy; and how often the samples are held at most: as read, chosen, standardised, moved."""


@dataclass(frozen=True)
class TrainingJob:
    """What to train: from the samples file to the classifiers file.

    ``trainers`` names some of `TRAINERS`, empty for all. ``memory_bytes`` bounds the process; None allows
    what the samples need.
    """

    samples: Path
    learned: Path
    tasks: tuple[TrainingTask, ...]
    target: float
    sure: float = 0.95
    seed: int = 0
    trainers: tuple[str, ...] = ()
    memory_bytes: int | None = None


async def train(job: TrainingJob, pause: BackgroundPause | None = None) -> tuple[TrainedClassifier, ...]:
    """Run this file as a process and read what it made. Raises LearningError; cancelling ends the process.

    It is stopped while ``pause`` has a frame under way. A process that dies leaves the classifiers file as it
    was.
    """
    await run_paced(
        "evosplit.edge.hook_training.training_process",
        _to_json(job),
        pause or BackgroundPause(),
        LearningError,
    )
    return await asyncio.to_thread(read_learned, job.learned)


def perform(job: TrainingJob) -> None:
    """Train, and write the classifiers. Raises LearningError, and MemoryError where that does not suffice."""
    chosen = {name: TRAINERS[name] for name in job.trainers or TRAINERS}
    samples = read_samples(job.samples)
    learned = learn(samples, job.tasks, job.target, trainers=chosen, sure=job.sure, seed=job.seed)
    write_learned(job.learned, learned)


def main() -> int:
    """The process. Exit status 1 and one line on standard error when nothing could be trained."""
    try:
        die_with_parent()
        job = _from_json(sys.stdin.buffer.read())
        step_back()
        bound_memory(job.memory_bytes or _BASE_BYTES + _COPIES * job.samples.stat().st_size)
        perform(job)
    except MemoryError:
        sys.stderr.write("training needs more memory than it may take\n")
        return 1
    except (LearningError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _to_json(job: TrainingJob) -> bytes:
    return json.dumps(dataclasses.asdict(job), default=_plain).encode()


def _plain(value: Any) -> Any:  # noqa: ANN401 - paths, and NumPy's numbers where plain ones are meant
    return str(value) if isinstance(value, Path) else value.item()


def _from_json(content: bytes) -> TrainingJob:
    data: dict[str, Any] = json.loads(content)
    tasks = tuple(TrainingTask(**task) for task in data.pop("tasks"))
    samples, learned = Path(data.pop("samples")), Path(data.pop("learned"))
    return TrainingJob(samples, learned, tasks, trainers=tuple(data.pop("trainers")), **data)


if __name__ == "__main__":
    sys.exit(main())
