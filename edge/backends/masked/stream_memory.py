"""Memory of one stream between frames, and the kernel calls that are bound to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from evosplit.edge.backends.masked.compile import CompiledNetwork
from evosplit.edge.backends.masked.mask_groups import InputChanged, sources
from evosplit.edge.backends.masked.mask_state import MaskState
from evosplit.edge.backends.masked.ops import Concat, Op, Shape, SpaceToDepth
from evosplit.kernels.masked.array_checks import Floats, aligned
from evosplit.kernels.masked.change_threshold import save_rows, settle
from evosplit.kernels.masked.channels_last import space_to_depth, to_channels_last
from evosplit.kernels.masked.elementwise import copy
from evosplit.kernels.masked.input_changes import Planes, take_all

Step: TypeAlias = Callable[[], object]


@dataclass(eq=False)
class StreamMemory:
    """Input planes (C, H, W) as last used, own arrays (H, W, C) by root, outputs (1, C, H, W) by name.

    Planes are bytes while nothing is lost by that. ``limits``: by tensor, the squared distance beyond which
    a position is passed on. ``plain`` computes at the groups' positions as they are; ``changing`` derives
    them on the way, from those of the inputs. ``holds_back``: whether small changes go no further.
    """

    planes: dict[str, Planes]
    arrays: dict[str, Floats]
    outputs: dict[str, Floats]
    limits: dict[str, float] = field(default_factory=dict)
    plain: list[Step] = field(default_factory=list)
    changing: list[Step] = field(default_factory=list)
    holds_back: bool = True

    def hold_back(self, holds_back: bool) -> None:
        """Whether small changes of the next frame go no further."""
        self.holds_back = holds_back

    def take(self, name: str, now: Floats) -> None:
        """All of an input."""
        if self.planes[name].dtype == np.uint8 and not take_all(now, self.planes[name]):
            self.planes[name] = aligned(now.shape)
        if self.planes[name].dtype == np.float32:
            np.copyto(self.planes[name], now)

    @property
    def size_bytes(self) -> int:
        """Of what this stream holds."""
        held = (*self.planes.values(), *self.arrays.values(), *self.outputs.values())
        return sum(array.nbytes for array in held)


def new_stream_memory(compiled: CompiledNetwork) -> StreamMemory:
    """Memory for one more stream, with the program bound to it."""
    network = compiled.network
    memory = StreamMemory(
        {name: np.zeros(_planar(network.shapes[name]), np.uint8) for name in network.inputs},
        {root: aligned(network.shapes[root]) for root in compiled.kept},
        {name: aligned((1, *_planar(network.shapes[t]))) for name, t in network.outputs.items()},
    )
    _Binding(compiled, memory).bind()
    return memory


def _planar(shape: Shape) -> Shape:
    return shape[2], shape[0], shape[1]


class _Binding:
    """Fills a memory's two lists of calls."""

    def __init__(self, compiled: CompiledNetwork, memory: StreamMemory) -> None:
        self._compiled, self._memory = compiled, memory
        self._arrays: Mapping[str, Floats] = {**memory.arrays, **compiled.shared}
        self._known: set[int] = set()

    def bind(self) -> None:
        network, groups = self._compiled.network, self._compiled.groups
        for name in network.inputs:
            if name in self._compiled.buffers.roots:
                self._add(self._input(name))
        for op in network.ops:
            self._follow(groups.computed[op.out])
            if isinstance(op, Concat):
                self._join(op)
            else:
                self._compute(op)
            self._known.add(groups.seen[op.out])

    def _add(self, step: Step) -> None:
        self._memory.plain.append(step)
        self._memory.changing.append(step)

    def _view(self, name: str) -> Floats:
        return self._compiled.buffers.view(name, self._arrays)

    def _input(self, name: str) -> Step:
        memory, out = self._memory, self._view(name)
        state = self._compiled.states[self._compiled.groups.seen[name]]
        return lambda: to_channels_last(memory.planes[name], out, state.positions)

    def _follow(self, group: int) -> None:
        """Find the group's positions, once, after those of the groups before it."""
        compiled = self._compiled
        if group in self._known or isinstance(compiled.groups.rules[group], InputChanged):
            return
        self._known.add(group)
        before = sources(compiled.groups.rules[group])
        for number in before:
            self._follow(number)
        state, states = compiled.states[group], [compiled.states[number] for number in before]
        self._memory.changing.append(lambda: state.follow(states))

    def _join(self, op: Concat) -> None:
        """Copy the parts that could not be written in place, to where the result does not hold them yet."""
        is_kept = self._compiled.buffers.root(op.out) in self._compiled.kept
        for index, part in enumerate(op.parts):
            channels = self._compiled.buffers.copies.get((op.out, index))
            if channels is not None:
                out, x = self._view(op.out)[:, :, channels], self._view(part)
                groups = self._compiled.groups
                state = self._compiled.states[groups.seen[part] if is_kept else groups.computed[op.out]]
                self._add(_copying(x, state, out))

    def _compute(self, op: Op) -> None:
        compiled, memory = self._compiled, self._memory
        kernel = compiled.kernels[op.out]
        out, state = self._view(op.out), compiled.states[compiled.groups.computed[op.out]]
        if isinstance(op, SpaceToDepth):
            self._add(_gathering(op, memory, state, out))
            return
        if kernel is None:
            return
        call = kernel([self._view(name) for name in op.reads], out)

        def plain() -> None:
            call(state.positions)

        if compiled.groups.seen[op.out] == compiled.groups.computed[op.out]:
            self._add(plain)
            return
        after = compiled.states[compiled.groups.seen[op.out]]

        def settling() -> None:
            if not memory.holds_back:
                call(state.positions)
                after.take(state)
                return
            save_rows(out, state.positions, compiled.saved)
            call(state.positions)
            limit = memory.limits[op.out]
            after.set_found(settle(out, compiled.saved, state.positions, limit, after.mask, after.listing))

        memory.plain.append(plain)
        memory.changing.append(settling)


def _gathering(op: SpaceToDepth, memory: StreamMemory, state: MaskState, out: Floats) -> Step:
    """A stream's planes may become floats, so they are looked up for every frame."""
    sources = np.array(op.sources, np.int64)
    return lambda: space_to_depth(memory.planes[op.x], sources, op.step, state.positions, out)


def _copying(x: Floats, state: MaskState, out: Floats) -> Step:
    return lambda: copy(x, state.positions, out)
