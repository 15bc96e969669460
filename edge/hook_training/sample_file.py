"""Samples in a file: across restarts, and for the process that trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_learning.sample_pools import SamplePools
from evosplit.edge.hook_training.array_file import Archive, read_npz, write_npz
from evosplit.edge.hook_training.sample_layout import Layout, SampleArrays, allocate_samples
from evosplit.edge.hook_training.samples import Samples

KIND: Final = "evosplit samples 1"


def write_pools(path: Path, pools: SamplePools, offered: int) -> None:
    """Write both reservoirs as they lie. Raises LearningError."""
    meta = {
        "kind": KIND,
        "width": pools.layout.width,
        "outputs": pools.layout.outputs,
        "places": [len(pools.train.codes), len(pools.held.codes)],
        "used": [pools.balanced.used, pools.uniform.used],
        "answers": pools.names.all(),
        "held_seen": pools.uniform.seen,
        "offered": offered,
    }
    books = {"names": pools.names.seen, "balance": pools.balanced.state()}
    train, held = pools.train.arrays(pools.balanced.used), pools.held.arrays(pools.uniform.used)
    write_npz(path, meta, {**_named("train", train), **_named("held", held), **books})


def read_pools(path: Path, limit_bytes: int) -> tuple[SamplePools, int]:
    """What was written, and how many samples had been offered. Raises LearningError."""
    with read_npz(path) as archive:
        pools = SamplePools(_layout(archive), limit_bytes)
        if archive.meta["places"] != [len(pools.train.codes), len(pools.held.codes)]:
            raise ValueError("it was kept under another limit")
        used = _used(archive)
        for which, shelf, count in zip(("train", "held"), (pools.train, pools.held), used, strict=True):
            _fill(archive, which, shelf, count, len(archive.meta["answers"]))
        pools.names.restore(tuple(archive.meta["answers"]), archive.read("names"))
        pools.balanced.restore(pools.train.codes[: used[0]], archive.read("balance"))
        pools.uniform.seen = int(archive.meta["held_seen"])
        if pools.uniform.used != used[1]:
            raise ValueError("its counts contradict each other")
        return pools, int(archive.meta["offered"])


def read_samples(path: Path) -> Samples:
    """All samples of a file, straight into their final arrays. Raises LearningError."""
    with read_npz(path) as archive:
        used = _used(archive)
        shelf = allocate_samples(_layout(archive), sum(used))
        _fill(archive, "train", shelf, used[0], len(archive.meta["answers"]))
        _fill(archive, "held", shelf.part(used[0]), used[1], len(archive.meta["answers"]))
        return Samples(
            features=shelf.features,
            codes=shelf.codes.astype(np.int64),
            answers=tuple(archive.meta["answers"]),
            outputs=shelf.outputs,
            held=np.repeat([False, True], used),
            slots=np.concatenate([np.arange(count) for count in used]),
        )


def _layout(archive: Archive) -> Layout:
    if archive.meta.get("kind") != KIND:
        raise ValueError("these are no samples")
    outputs = ((name, tuple(shape), kind) for name, shape, kind in archive.meta["outputs"])
    return Layout(int(archive.meta["width"]), tuple(outputs))


def _used(archive: Archive) -> tuple[int, int]:
    """Places taken in each reservoir, as the arrays themselves have it."""
    return archive.shape("train codes")[0][0], archive.shape("held codes")[0][0]


def _fill(archive: Archive, which: str, shelf: SampleArrays, count: int, answers: int) -> None:
    for name, values in shelf.arrays(count).items():
        archive.read_into(f"{which} {name}", values)
    codes = shelf.codes[:count]
    if count and not 0 <= codes.min() <= codes.max() < answers:
        raise ValueError("an answer without a name")


def _named(which: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {f"{which} {name}": values for name, values in arrays.items()}
