"""Training set: rendered frames on disk, and batches of them (whole frames, or cut out around the plate)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evosplit.cli.gate.backdrop import HEIGHT_PX, WIDTH_PX
from evosplit.cli.gate.plates import SLOTS, to_slots
from evosplit.cli.gate.sample import random_scene
from evosplit.cli.gate.scene import render

CROP_PX = (64, 160)
"""Height and width of the window around the plate in which symbols are learnt first, a fifth of a frame."""
_CROP_CORNER_PX = (75, 90)
_CROP_JITTER_PX = (5, 7)
_CHUNK = 500


@dataclass(frozen=True)
class RenderedSet:
    """Frames `(N, 160, 320, 3) uint8` (mapped from disk) and their classes `(N, SLOTS) int64`."""

    frames: NDArray[np.uint8]
    slots: NDArray[np.int64]


def _render_chunk(path: Path, start: int, count: int, seed: int) -> NDArray[np.int64]:
    frames = np.load(path, mmap_mode="r+")
    slots = np.empty((count, SLOTS), np.int64)
    for index in range(count):
        rng = np.random.default_rng([seed, start + index])
        scene = random_scene(rng)
        frames[start + index] = render(scene, rng)
        slots[index] = to_slots(scene.truth)
    return slots


def render_set(path: Path, count: int, seed: int, processes: int = 2) -> RenderedSet:
    """Render `count` random scenes into the `.npy` file `path`, or take what an earlier run left there."""
    labels = path.with_suffix(".slots.npy")
    if not labels.exists():
        _render(path, labels, count, seed, processes)
    return RenderedSet(np.load(path, mmap_mode="r"), np.load(labels))


def _render(path: Path, labels: Path, count: int, seed: int, processes: int) -> None:
    """Write the frames, then the labels, whose file says that the frames are complete."""
    shape = (count, HEIGHT_PX, WIDTH_PX, 3)
    np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape).flush()
    starts = range(0, count, _CHUNK)
    with ProcessPoolExecutor(processes) as pool:
        jobs = [pool.submit(_render_chunk, path, start, min(_CHUNK, count - start), seed) for start in starts]
        np.save(labels, np.concatenate([job.result() for job in jobs]))


def shuffled_batches(count: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield index batches without end, each pass over the set in a new order, without incomplete batches."""
    while True:
        order = rng.permutation(count)
        yield from (order[start : start + size] for start in range(0, count - size + 1, size))


def crop_corner(rng: np.random.Generator) -> tuple[int, int]:
    """Draw where the window around the plate begins (row, column); one draw serves a whole batch."""
    row, column = (
        int(corner + rng.integers(-jitter, jitter, endpoint=True))
        for corner, jitter in zip(_CROP_CORNER_PX, _CROP_JITTER_PX, strict=True)
    )
    return row, column
