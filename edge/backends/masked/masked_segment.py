"""Segment on the masked kernels: change-driven and region-of-interest execution."""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from evosplit.edge.backends.change_rules import ChangeSettings, Work, work_for
from evosplit.edge.backends.masked.dense_fallback import DenseFallback
from evosplit.edge.backends.masked.fuse import fuse
from evosplit.edge.backends.masked.onnx_reader import read_network
from evosplit.edge.backends.masked.program import Program
from evosplit.edge.backends.masked.stream_cache import Stream, StreamCache
from evosplit.edge.backends.segment import FrameContext, Pair, Tensors
from evosplit.shared.errors import InputError, ModelError

_OUTPUT_BYTES: Final = 64 << 20
"""For the last outputs of streams where nothing else is kept."""


def supports(model: onnx.ModelProto) -> str | None:
    """Why the masked kernels cannot run a model; None when they can."""
    try:
        fuse(read_network(model))
    except ModelError as error:
        return str(error)
    return None


class MaskedSegment:
    """Implements `evosplit.edge.backends.segment.Segment`; ModelError for a model that ``supports`` refuses.

    Without ``change`` every frame is computed whole, or where its mask asks. With it, a frame is computed
    where it changed from the values last used for its stream, and keeps the stream's values elsewhere.
    ``dense_s`` is what a dense frame takes, if that is known beforehand.
    """

    backend = "masked"

    def __init__(
        self,
        model: onnx.ModelProto,
        threads: int = 1,
        change: ChangeSettings | None = None,
        dense_s: float | None = None,
    ) -> None:
        network = fuse(read_network(model))
        self.reads, self.makes = network.inputs, tuple(network.outputs)
        self._shapes = {name: network.shapes[name] for name in network.inputs}
        self._change = change
        self._program = Program(network, threads, change is not None, change.tolerance if change else 0.0)
        self._streams = StreamCache(self._program.memory, change.memory_bytes if change else _OUTPUT_BYTES)
        takes_over = change is not None and change.dense_takes_over
        self._dense_fallback = (
            DenseFallback(model, threads, change.refresh_frames, dense_s) if change and takes_over else None
        )
        self._density = 0.0

    @property
    def density(self) -> float:
        """Share of the multiply-accumulates that the last run computed."""
        return self._density

    @property
    def kept_bytes(self) -> int:
        """What is kept of all streams."""
        return self._streams.size_bytes

    def forget(self, stream: str) -> None:
        """Drop what is kept of a stream."""
        self._streams.forget(stream)

    def run(self, tensors: Tensors, frame: FrameContext) -> dict[str, NDArray[Any]]:
        """``makes`` from ``reads``, float32 (1, C, H, W); InputError for other shapes or types.

        With a mask: output positions whose own rectangle of the mask is empty keep the stream's last values.
        """
        planes = {name: self._planes(name, tensors) for name in self.reads}
        stream = self._streams.get(frame.stream)
        if frame.mask is None and self._dense_fallback is not None and stream.dense_left:
            self._dense_fallback.run(stream, tensors)
            self._density = 1.0
        else:
            self._run(stream, planes, frame, tensors)
        return {name: stream.memory.outputs[name].copy() for name in self.makes}

    def _run(
        self, stream: Stream, planes: dict[str, NDArray[np.float32]], frame: FrameContext, tensors: Tensors
    ) -> None:
        region = None if frame.mask is None or frame.mask.all() else np.ascontiguousarray(frame.mask, bool)
        key = None if region is None else repr(region.shape).encode() + region.tobytes()
        self._program.require(region, key)
        start = time.perf_counter()
        shift = stream.move(frame.windows.get(self.reads[0]))
        age = stream.begin(key)
        if any(shift) and region is not None:
            age = None  # what lies outside the region is not kept
        stream.end(key, self._advance(stream, planes, age, shift))
        if self._change is not None:
            self._note(frame, self._change.block)
        self._density = self._program.density
        if self._dense_fallback is not None and age is not None and region is None:
            self._dense_fallback.record(stream, time.perf_counter() - start, tensors)

    def _note(self, frame: FrameContext, block: int) -> None:
        """What others want to know of a frame that builds on others."""
        frame.changes.update(self._program.blocks(block))
        if self._program.spacing is not None and frame.mask is None:
            frame.spacings[self.reads[0]] = self._program.spacing
        if self.reads[0] in frame.windows:
            frame.windows.update(self._program.windows(frame.windows[self.reads[0]]))

    def _advance(
        self, stream: Stream, planes: dict[str, NDArray[np.float32]], age: int | None, shift: Pair
    ) -> int:
        """Bring the stream's memory up to date; its new age. An interrupted stream has none."""
        change = self._change
        if change is None or age is None:
            self._program.run_all(stream.memory, planes)
            return 0
        self._program.follow(stream.memory, planes, shift, change.threshold)
        changed = self._program.mark(stream.memory, planes, change.threshold, change.block)
        work = work_for(change, age, changed)
        if work is Work.ALL:
            self._program.run_all(stream.memory, planes)
            return 0
        if work is Work.NOTHING:
            self._program.skip()
        else:
            self._program.run_changes(stream.memory)
        return age + 1

    def _planes(self, name: str, tensors: Tensors) -> NDArray[np.float32]:
        height, width, channels = self._shapes[name]
        array = tensors.get(name)
        if array is None or array.dtype != np.float32 or array.shape != (1, channels, height, width):
            given = "missing" if array is None else f"{array.dtype} {list(array.shape)}"
            raise InputError(f"input {name!r} is {given}, not float32 [1, {channels}, {height}, {width}]")
        return np.ascontiguousarray(array[0])
