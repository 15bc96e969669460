"""Clip ranges of activations below 8 bits, by one of four methods, a file each.

A method takes samples (n,) float32, the ends ``low`` <= 0 <= ``high`` of all values, and a bit-width, and
gives a range within these ends that holds zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.clipping.kl import kl_range
from evosplit.kernels.clipping.min_max import min_max_range
from evosplit.kernels.clipping.mse import mse_range
from evosplit.kernels.clipping.percentile import percentile_range

Clip: TypeAlias = Literal["min-max", "percentile", "mse", "kl"]
ClipMethod: TypeAlias = Callable[[NDArray[np.float32], float, float, int], tuple[float, float]]

METHODS: Final[Mapping[Clip, ClipMethod]] = {
    "min-max": min_max_range,
    "percentile": percentile_range,
    "mse": mse_range,
    "kl": kl_range,
}
