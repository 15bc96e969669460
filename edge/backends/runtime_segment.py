"""Segment on ONNX Runtime: the dense backend, which takes every layer."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from evosplit.edge.backends.segment import FrameContext, Tensors
from evosplit.shared.session import Runner


class RuntimeSegment:
    """Runs a part of the head as one session. It keeps nothing of a stream and computes all positions."""

    density = 1.0

    def __init__(self, runner: Runner, backend: str = "onnxruntime") -> None:
        self._runner = runner
        self.backend = backend
        self.reads = runner.input_names
        self.makes = runner.output_names

    def run(self, tensors: Tensors, frame: FrameContext) -> dict[str, NDArray[Any]]:
        """``makes`` from ``reads``. Raises InputError when the network does not take the values."""
        return self._runner.run({name: tensors[name] for name in self.reads})

    def forget(self, stream: str) -> None:
        """Nothing is kept."""
