"""Execution of a compiled network on one frame: all positions, or those that changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.masked.compile import CompiledNetwork, compile_network, thresholded
from evosplit.edge.backends.masked.kernel_calls import work_per_position
from evosplit.edge.backends.masked.mask_state import ALL, MaskState
from evosplit.edge.backends.masked.movement import Movement
from evosplit.edge.backends.masked.ops import Network
from evosplit.edge.backends.masked.required_positions import required_positions, resampled
from evosplit.edge.backends.masked.stream_memory import StreamMemory, new_stream_memory
from evosplit.kernels.masked.array_checks import Floats
from evosplit.kernels.masked.change_threshold import mean_square
from evosplit.kernels.masked.channels_last import to_channels_first
from evosplit.kernels.masked.input_changes import INEXACT, update_changed
from evosplit.kernels.masked.window import Pair

Mask = NDArray[np.bool_]
Planes = Mapping[str, Floats]


class Program:
    """Runs frames of any number of streams, one at a time; see ``compile_network`` for the arguments."""

    def __init__(self, network: Network, threads: int, keeps: bool, tolerance: float) -> None:
        self._compiled = compile_network(network, threads, keeps, tolerance > 0)
        self._tolerance = tolerance
        self._region: bytes | None = None
        self._work = _work(self._compiled)
        lattice = self._compiled.lattice
        self._movement = None if lattice is None else Movement(network, lattice)
        self._inputs = {name: self._state(name) for name in network.inputs}
        self._outputs = {name: (tensor, self._state(tensor)) for name, tensor in network.outputs.items()}

    def _state(self, name: str) -> MaskState:
        return self._compiled.states[self._compiled.groups.seen[name]]

    def memory(self) -> StreamMemory:
        """Memory for one more stream."""
        return new_stream_memory(self._compiled)

    @property
    def density(self) -> float:
        """Share of the work that the last frame took."""
        done = sum(state.positions.size * work for state, work in self._work)
        return done / max(1, sum(state.mask.size * work for state, work in self._work))

    def require(self, region: Mask | None, key: bytes | None) -> None:
        """From now on, compute only what ``region`` (any size) needs; ``key`` names it; None: everything."""
        if key == self._region:
            return
        self._region = key
        masks: Sequence[NDArray[np.uint8]] = [ALL] * len(self._compiled.states)
        if region is not None:
            masks = [positions.astype(np.uint8) for positions in self._required(region)]
        for state, mask in zip(self._compiled.states, masks, strict=True):
            state.require(mask)

    def _required(self, region: Mask) -> list[Mask]:
        groups = self._compiled.groups
        numbers = {groups.seen[tensor] for tensor, _ in self._outputs.values()}
        return required_positions(groups, {n: resampled(region, groups.rules[n].size) for n in numbers})

    def follow(self, memory: StreamMemory, planes: Planes, shift: Pair, threshold: float) -> None:
        """Move what is kept along with an input that shows its scene ``shift`` (rows, columns) further on.

        The next `mark` finds what has to be computed anew, and its frame holds nothing back: what touched
        padding in a later layer must not stay because an earlier one hardly changed.
        """
        movement = self._movement
        moves = movement is not None and movement.takes(memory, shift, threshold)
        memory.hold_back(not moves)
        if movement is not None and moves:
            movement.move(memory, shift, *planes.values())

    def windows(self, window: Pair) -> dict[str, Pair]:
        """Where the outputs show the scene when the input shows it at ``window``, in their own positions."""
        lattice = self._compiled.lattice
        if lattice is None or not lattice.takes(window):
            return {}
        return {name: lattice.at(tensor, window) for name, (tensor, _) in self._outputs.items()}

    @property
    def spacing(self) -> int | None:
        """Shifts by multiples of so many rows and columns of the input can be followed; None: no shift."""
        lattice = self._compiled.lattice
        return None if lattice is None else math.lcm(*lattice.spacing)

    def mark(self, memory: StreamMemory, planes: Planes, threshold: float, block: int) -> float:
        """Take over the inputs (C, H, W) where they changed; the share of required positions that did.

        Infinity where all has to be computed, as an input can no longer be kept as bytes.
        """
        marked, required = 0, 0
        for name, state in self._inputs.items():
            used = memory.planes[name]
            if update_changed(planes[name], used, np.float32(threshold), block, state.mask) == INEXACT:
                return np.inf
            state.set_marked()
            marked += state.positions.size
            required += state.mask.size if state.required is ALL else int(np.count_nonzero(state.required))
        return marked / max(1, required)

    def run_changes(self, memory: StreamMemory) -> None:
        """Compute what depends on the positions that ``mark`` found; ``memory`` holds all else."""
        for step in memory.changing:
            step()
        self._finish(memory)

    def run_all(self, memory: StreamMemory, planes: Planes) -> None:
        """Compute everything that is required, from nothing but the inputs."""
        for name in self._inputs:
            memory.take(name, planes[name])
        for state in self._compiled.states:
            state.set_required()
        for step in memory.plain:
            step()
        self._measure(memory)
        self._finish(memory)

    def skip(self) -> None:
        """Nothing is computed for this frame."""
        for state in self._compiled.states:
            state.set_found(0)

    def blocks(self, block: int) -> dict[str, Mask]:
        """By input, which squares of so many positions the last frame was computed in, (rows, columns)."""
        return {name: _blocks(state, block) for name, state in self._inputs.items()}

    def _measure(self, memory: StreamMemory) -> None:
        """What counts as a small change, from the size of each layer's own values."""
        for name in thresholded(self._compiled.groups):
            x = self._compiled.buffers.view(name, {**memory.arrays, **self._compiled.shared})
            memory.limits[name] = self._tolerance**2 * mean_square(x) * x.shape[2]

    def _finish(self, memory: StreamMemory) -> None:
        arrays = {**memory.arrays, **self._compiled.shared}
        for name, (tensor, state) in self._outputs.items():
            if tensor in self._inputs:
                np.copyto(memory.outputs[name][0], memory.planes[tensor])
            else:
                x = self._compiled.buffers.view(tensor, arrays)
                to_channels_first(x, memory.outputs[name][0], state.positions)


def _blocks(state: MaskState, block: int) -> Mask:
    size = tuple(-(-side // block) for side in state.size)
    if state.positions.size in (0, state.mask.size):
        return np.full(size, state.positions.size > 0)
    if state.required is ALL:  # marked in whole blocks
        return state.mask[::block, ::block].astype(bool)
    grid = np.zeros(size, bool)
    grid[(state.positions >> 16) // block, (state.positions & 0xFFFF) // block] = True
    return grid


def _work(compiled: CompiledNetwork) -> list[tuple[MaskState, int]]:
    channels = {name: shape[2] for name, shape in compiled.network.shapes.items()}
    groups, states = compiled.groups, compiled.states
    return [(states[groups.computed[op.out]], work_per_position(op, channels)) for op in compiled.network.ops]
