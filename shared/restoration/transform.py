"""Channel transform (Karhunen-Loeve): channels of a tensor as components, quantised and sent in their place.

The same file names it on both sides: the network that undoes it in the cloud is a 1 x 1 convolution, and
what the edge multiplies by is its inverse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from evosplit.shared.errors import RestorationError
from evosplit.shared.plan import PlanTable, TensorCode
from evosplit.shared.restoration.network import ANY_STEP, INVERSE, MEAN, Floats, Restoration

_MOST_CONDITION: Final = 1e5
"""Beyond it float32 does not take a tensor there and back."""
Tensors: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class ChannelTransform:
    """At every place ``components = forward (channels - mean)``, ``channels = inverse components + mean``.

    Matrices are ``(C, C)``, the mean ``(C,)``, all float32; tensors ``(1, C, H, W) float32``.
    """

    tensor: str
    forward: Floats
    inverse: Floats
    mean: Floats

    @property
    def channels(self) -> int:
        """C."""
        return len(self.mean)

    def components(self, values: NDArray[Any]) -> Floats:
        """What is sent of a tensor; not finite where the tensor is not."""
        with np.errstate(invalid="ignore", over="ignore"):
            centred = values.reshape(self.channels, -1) - self.mean[:, None]
            return np.asarray(self.forward @ centred, np.float32).reshape(values.shape)

    def restored(self, components: NDArray[Any]) -> Floats:
        """What the cloud makes of components."""
        flat = self.inverse @ components.reshape(self.channels, -1) + self.mean[:, None]
        return np.asarray(flat, np.float32).reshape(components.shape)


TransformOf: TypeAlias = Callable[[str], ChannelTransform]
"""The transform of a name. Raises RestorationError, or what whoever has them raises."""


def transform_of(network: Restoration) -> ChannelTransform:
    """The transform that a network undoes. Raises RestorationError for a network that does something else."""
    stored = {weights.name: numpy_helper.to_array(weights) for weights in network.model.graph.initializer}
    ops = [node.op_type for node in network.model.graph.node]
    if network.step != ANY_STEP or ops != ["Conv"] or stored.keys() != {INVERSE, MEAN}:
        raise RestorationError(f"restoration {network.name} undoes no transform")
    matrix, mean = stored[INVERSE].astype(np.float64), stored[MEAN].astype(np.float32)
    if mean.ndim != 1 or matrix.shape != (len(mean), len(mean), 1, 1):
        raise RestorationError(f"restoration {network.name} is of no square matrix")
    inverse = matrix[:, :, 0, 0]
    if not (np.isfinite(inverse).all() and np.isfinite(mean).all()) or _is_singular(inverse):
        raise RestorationError(f"transform {network.name} cannot be undone")
    forward = np.linalg.inv(inverse).astype(np.float32)
    return ChannelTransform(network.tensor, forward, inverse.astype(np.float32), mean)


def in_components(codes: Mapping[str, TensorCode], tensors: Tensors, transform_of: TransformOf) -> Tensors:
    """The tensors, those whose codes are of components as these. Raises as ``transform_of``."""
    changed = {
        name: transform_of(code.transform).components(tensors[name])
        for name, code in codes.items()
        if code.transform is not None
    }
    return {**tensors, **changed} if changed else tensors


def table_transforms(table: PlanTable) -> tuple[str, ...]:
    """The names of the channel transforms whose components some plan sends, each once."""
    plans = (*table.plans, *([] if table.fallback is None else [table.fallback]))
    codes = (
        code
        for plan in plans
        for code in (*plan.wire.values(), *(code for each in plan.easier.values() for code in each))
    )
    return tuple(dict.fromkeys(code.transform for code in codes if code.transform is not None))


def _is_singular(matrix: NDArray[np.float64]) -> bool:
    return matrix.size == 0 or not np.linalg.cond(matrix) < _MOST_CONDITION
