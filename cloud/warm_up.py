"""Everything that the first request would otherwise wait for."""

from __future__ import annotations

import numpy as np

from evosplit.cloud.dataplane import DataPlane
from evosplit.cloud.registry import Registry
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from evosplit.shared.wire.frame import AFFINE_BITS


def warm_up(plane: DataPlane, registry: Registry) -> None:
    """Compile the decoders of every bit-width, and run every model once."""
    ramp = np.linspace(-1, 1, 64, dtype=np.float32).reshape(1, 4, 4, 4)
    for bits in (*AFFINE_BITS, FLOAT_BITS):
        decode_tensor(encode_tensor("x", ramp, TensorCode(bits)))
    for name in registry.models:
        plane.warm(name)
