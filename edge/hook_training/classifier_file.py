"""File of trained classifiers: from the process that trains to the one that serves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from evosplit.edge.hook_training.trained_classifier import TrainedClassifier
from evosplit.edge.hooks.classifiers.load import load_classifier
from evosplit.shared.array_file import Archive, read_npz, write_npz

KIND: Final = "evosplit learned 1"
_PLAIN: Final = ("name", "trainer", "threshold", "exit_rate", "agreement")


def write_learned(path: Path, learned: tuple[TrainedClassifier, ...]) -> None:
    """Write all of them, atomically. Raises LearningError."""
    hooks = [_described(trained) for trained in learned]
    arrays: dict[str, NDArray[Any]] = {}
    for number, trained in enumerate(learned):
        arrays |= {
            f"{number} classifier {name}": values for name, values in trained.classifier.arrays().items()
        }
        arrays |= {f"{number} output {name}": values for name, values in trained.outputs.items()}
    write_npz(path, {"kind": KIND, "hooks": hooks}, arrays)


def read_learned(path: Path) -> tuple[TrainedClassifier, ...]:
    """What was written. Raises LearningError for any other file."""
    with read_npz(path) as archive:
        if archive.meta.get("kind") != KIND:
            raise ValueError("these are no classifiers")
        return tuple(_read(archive, number, hook) for number, hook in enumerate(archive.meta["hooks"]))


def _described(trained: TrainedClassifier) -> dict[str, Any]:
    plain = {field: getattr(trained, field) for field in _PLAIN}
    return {**plain, "kind": trained.classifier.kind, "answers": trained.answers}


def _read(archive: Archive, number: int, hook: Mapping[str, Any]) -> TrainedClassifier:
    classifier = load_classifier(hook["kind"], _group(archive, f"{number} classifier "))
    answers, outputs = tuple(hook["answers"]), _group(archive, f"{number} output ")
    if len(answers) != classifier.classes or any(len(values) != len(answers) for values in outputs.values()):
        raise ValueError(f"hook {hook['name']} has {len(answers)} answers and {classifier.classes} classes")
    plain = {field: hook[field] for field in _PLAIN}
    return TrainedClassifier(classifier=classifier, answers=answers, outputs=outputs, **plain)


def _group(archive: Archive, prefix: str) -> dict[str, NDArray[Any]]:
    names = (name for name in archive.names() if name.startswith(prefix))
    return {name.removeprefix(prefix): archive.read(name) for name in names}
