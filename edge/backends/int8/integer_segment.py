"""Segment on 8-bit integers: ONNX Runtime on the QDQ form of a part of the head."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from evosplit.edge.backends.int8.qdq_model import qdq_model
from evosplit.edge.backends.runtime_segment import RuntimeSegment
from evosplit.shared.plan import TensorCode
from evosplit.shared.runtime import open_session
from evosplit.shared.session import Opener, Runner
from evosplit.shared.wire import EncodedTensor


def int8_segment(
    model: onnx.ModelProto,
    weights: Mapping[str, EncodedTensor],
    activations: Mapping[str, TensorCode],
    threads: int = 1,
    opener: Opener = open_session,
) -> RuntimeSegment:
    """A part of the head on ONNX Runtime's integer kernels, at the plan's bits and ranges.

    ``model`` is the part in float32, which may lack the data of the initialisers in ``weights``: those as
    the bundle holds them. ``activations`` gives the tensors of the part that have 2 to 8 bits their code, an
    input's too; all others stay float32. Raises ModelError when the runtime does not take the part.
    """
    return RuntimeSegment(Runner(qdq_model(model, weights, activations), threads, opener=opener), "int8")
