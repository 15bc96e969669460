"""Error table without calibration inputs: nominal quantisation noise, uncompressed bytes, no ranges."""

from __future__ import annotations

from collections.abc import Mapping

from evosplit.kernels.errors.error_table import ActivationErrors, ErrorTable, WeightErrors
from evosplit.kernels.errors.tensor_statistics import ACTIVATION_BITS
from evosplit.shared.graph import Graph, Tensor
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.weight_sizes import quantised_weights
from evosplit.shared.wire import packed_size_bytes


def data_free_errors(graph: Graph) -> ErrorTable:
    """What is known of a network none of whose inputs is: ``samples`` is 0.

    Errors are `nominal_noise`, a guess that holds for values that fill their range evenly. They rank plans
    and bound none: `evosplit.planner.accuracy_promise` therefore offers no bits with it below 8 on the wire,
    and none but float elsewhere. Bytes are those of packed codes, since how far they compress depends on the
    values.
    """
    noise = {bits: nominal_noise(bits) for bits in ACTIVATION_BITS}
    weights = WeightErrors(noise, noise, noise)
    return ErrorTable(
        model=graph.name,
        model_sha256=graph.sha256,
        samples=0,
        weights=dict.fromkeys(quantised_weights(graph), weights),
        activations={
            name: ActivationErrors(noise, noise, noise, {}, {}, _wire_bytes(tensor))
            for name, tensor in graph.tensors.items()
            if tensor.is_float
        },
        plain_bytes={
            name: tensor.size_bytes for name, tensor in graph.tensors.items() if not tensor.is_float
        },
    )


def nominal_noise(bits: int) -> float:
    """Noise to signal of values spread evenly over their range: step^2 / 12 over range^2 / 12."""
    return 1.0 / float((1 << bits) - 1) ** 2


def _wire_bytes(tensor: Tensor) -> Mapping[int, float]:
    packed = {bits: float(packed_size_bytes(tensor.shape, bits)) for bits in ACTIVATION_BITS}
    return {**packed, FLOAT_BITS: float(tensor.size_bytes)}
