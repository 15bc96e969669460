"""File of the sampler's reservoirs: across restarts, and for the process that trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from evosplit.edge.hook_learning.sample_pools import SamplePools
from evosplit.edge.hook_training.sample_file import KIND, fill_samples, read_layout, used_places
from evosplit.shared.array_file import read_npz, write_npz


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
        pools = SamplePools(read_layout(archive), limit_bytes)
        if archive.meta["places"] != [len(pools.train.codes), len(pools.held.codes)]:
            raise ValueError("it was kept under another limit")
        used = used_places(archive)
        for which, shelf, count in zip(("train", "held"), (pools.train, pools.held), used, strict=True):
            fill_samples(archive, which, shelf, count, len(archive.meta["answers"]))
        pools.names.restore(tuple(archive.meta["answers"]), archive.read("names"))
        pools.balanced.restore(pools.train.codes[: used[0]], archive.read("balance"))
        pools.uniform.restore(int(archive.meta["held_seen"]))
        if pools.uniform.used != used[1]:
            raise ValueError("its counts contradict each other")
        return pools, int(archive.meta["offered"])


def _named(which: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {f"{which} {name}": values for name, values in arrays.items()}
