"""Reader of a file of samples, for the process that trains."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from evosplit.edge.hook_training.sample_layout import Layout, SampleArrays, allocate_samples
from evosplit.edge.hook_training.samples import Samples
from evosplit.shared.array_file import Archive, read_npz

KIND: Final = "evosplit samples 1"


def read_samples(path: Path) -> Samples:
    """All samples of a file, straight into their final arrays. Raises LearningError."""
    with read_npz(path) as archive:
        used = used_places(archive)
        shelf = allocate_samples(read_layout(archive), sum(used))
        fill_samples(archive, "train", shelf, used[0], len(archive.meta["answers"]))
        fill_samples(archive, "held", shelf.part(used[0]), used[1], len(archive.meta["answers"]))
        return Samples(
            features=shelf.features,
            codes=shelf.codes.astype(np.int64),
            answers=tuple(archive.meta["answers"]),
            outputs=shelf.outputs,
            held=np.repeat([False, True], used),
            slots=np.concatenate([np.arange(count) for count in used]),
        )


def read_layout(archive: Archive) -> Layout:
    """Shapes and dtypes of a file's samples. Raises ValueError for another kind of file."""
    if archive.meta.get("kind") != KIND:
        raise ValueError("these are no samples")
    outputs = ((name, tuple(shape), kind) for name, shape, kind in archive.meta["outputs"])
    return Layout(int(archive.meta["width"]), tuple(outputs))


def used_places(archive: Archive) -> tuple[int, int]:
    """Places taken in each reservoir, as the arrays themselves have it."""
    return archive.shape("train codes")[0][0], archive.shape("held codes")[0][0]


def fill_samples(archive: Archive, which: str, shelf: SampleArrays, count: int, answers: int) -> None:
    """Read one reservoir, ``train`` or ``held``, into the first ``count`` places."""
    for name, values in shelf.arrays(count).items():
        archive.read_into(f"{which} {name}", values)
    codes = shelf.codes[:count]
    if count and not 0 <= codes.min() <= codes.max() < answers:
        raise ValueError("an answer without a name")
