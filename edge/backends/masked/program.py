"""One frame's way through a compiled network: all of it, or what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.masked.compile import Compiled, compile_network, settled
from evosplit.edge.backends.masked.kernel_calls import work_of
from evosplit.edge.backends.masked.mask_state import ALL, Live
from evosplit.edge.backends.masked.ops import Network
from evosplit.edge.backends.masked.required_positions import projected, wanted_areas
from evosplit.edge.backends.masked.stream_memory import Memory, new_memory
from evosplit.kernels.masked.array_checks import Floats
from evosplit.kernels.masked.change_threshold import mean_square
from evosplit.kernels.masked.channels_last import to_channels_first
from evosplit.kernels.masked.input_changes import INEXACT, update_changed

Mask = NDArray[np.bool_]
Planes = Mapping[str, Floats]


class Program:
    """Runs frames of any number of streams, one at a time; see ``compile_network`` for the arguments."""

    def __init__(self, network: Network, threads: int, keeps: bool, tolerance: float) -> None:
        self._compiled = compile_network(network, threads, keeps, tolerance > 0)
        self._tolerance = tolerance
        self._region: bytes | None = None
        self._work = _work(self._compiled)
        self._inputs = {name: self._live(name) for name in network.inputs}
        self._outputs = {name: (tensor, self._live(tensor)) for name, tensor in network.outputs.items()}

    def _live(self, name: str) -> Live:
        return self._compiled.lives[self._compiled.areas.seen[name]]

    def memory(self) -> Memory:
        """Room for one more stream."""
        return new_memory(self._compiled)

    @property
    def density(self) -> float:
        """Share of the work that the last frame took."""
        done = sum(live.positions.size * work for live, work in self._work)
        return done / max(1, sum(live.mask.size * work for live, work in self._work))

    def want(self, region: Mask | None, key: bytes | None) -> None:
        """From now on, compute only what ``region`` (any size) needs; ``key`` names it; None: everything."""
        if key == self._region:
            return
        self._region = key
        masks: Sequence[NDArray[np.uint8]] = [ALL] * len(self._compiled.lives)
        if region is not None:
            masks = [found.astype(np.uint8) for found in self._wanted(region)]
        for live, mask in zip(self._compiled.lives, masks, strict=True):
            live.wanted = mask

    def _wanted(self, region: Mask) -> list[Mask]:
        areas = self._compiled.areas
        numbers = {areas.seen[tensor] for tensor, _ in self._outputs.values()}
        return wanted_areas(areas, {n: projected(region, areas.rules[n].size) for n in numbers})

    def mark(self, memory: Memory, planes: Planes, threshold: float, block: int) -> float:
        """Take over the inputs (C, H, W) where they changed; the share of wanted positions that did.

        Infinity where all has to be computed, as an input can no longer be kept as bytes.
        """
        marked, wanted = 0, 0
        for name, live in self._inputs.items():
            used = memory.planes[name]
            if update_changed(planes[name], used, np.float32(threshold), block, live.mask) == INEXACT:
                return np.inf
            live.set_marked()
            marked += live.positions.size
            wanted += live.mask.size if live.wanted is ALL else int(np.count_nonzero(live.wanted))
        return marked / max(1, wanted)

    def run_changes(self, memory: Memory) -> None:
        """Compute what depends on the positions that ``mark`` found; ``memory`` holds all else."""
        for step in memory.changing:
            step()
        self._finish(memory)

    def run_all(self, memory: Memory, planes: Planes) -> None:
        """Compute everything that is wanted, from nothing but the inputs."""
        for name in self._inputs:
            memory.take(name, planes[name])
        for live in self._compiled.lives:
            live.set_wanted()
        for step in memory.plain:
            step()
        self._measure(memory)
        self._finish(memory)

    def skip(self) -> None:
        """Nothing is computed for this frame."""
        for live in self._compiled.lives:
            live.set_found(0)

    def _measure(self, memory: Memory) -> None:
        """What counts as a small change, from the size of each layer's own values."""
        for name in settled(self._compiled.areas):
            x = self._compiled.places.view(name, {**memory.arrays, **self._compiled.shared})
            memory.limits[name] = self._tolerance**2 * mean_square(x) * x.shape[2]

    def _finish(self, memory: Memory) -> None:
        arrays = {**memory.arrays, **self._compiled.shared}
        for name, (tensor, live) in self._outputs.items():
            if tensor in self._inputs:
                np.copyto(memory.outputs[name][0], memory.planes[tensor])
            else:
                x = self._compiled.places.view(tensor, arrays)
                to_channels_first(x, memory.outputs[name][0], live.positions)


def _work(compiled: Compiled) -> list[tuple[Live, int]]:
    channels = {name: shape[2] for name, shape in compiled.network.shapes.items()}
    areas, lives = compiled.areas, compiled.lives
    return [(lives[areas.computed[op.out]], work_of(op, channels)) for op in compiled.network.ops]
