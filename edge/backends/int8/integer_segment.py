"""Segment on 8-bit integers (ONNX Runtime, QDQ)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx
from numpy.typing import NDArray

from evosplit.edge.backends.int8.qdq_model import qdq_model
from evosplit.edge.backends.segment import FrameContext, Tensors
from evosplit.shared.plan import TensorCode
from evosplit.shared.session import Runner
from evosplit.shared.wire import EncodedTensor


class Int8Segment:
    """Runs a part of the head with ONNX Runtime's integer kernels, at the plan's bits and ranges.

    ``model`` is the part in float32, which may lack the data of the initialisers in ``weights``: those as
    the bundle holds them. ``activations`` gives the tensors of the part that have 2 to 8 bits their code, an
    input's too; all others stay float32. Raises ModelError when the runtime does not take the part.
    """

    backend = "int8"
    density = 1.0

    def __init__(
        self,
        model: onnx.ModelProto,
        weights: Mapping[str, EncodedTensor],
        activations: Mapping[str, TensorCode],
        threads: int = 1,
    ) -> None:
        self._runner = Runner(qdq_model(model, weights, activations), threads)
        self.reads = self._runner.input_names
        self.makes = self._runner.output_names

    def run(self, tensors: Tensors, frame: FrameContext) -> dict[str, NDArray[Any]]:
        """``makes`` from ``reads``. Raises InputError when the network does not take the values."""
        return self._runner.run({name: tensors[name] for name in self.reads})

    def forget(self, stream: str) -> None:
        """Nothing is kept."""
