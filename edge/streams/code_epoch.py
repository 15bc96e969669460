"""Code epoch: the time between two key frames in which the codes of a stream mean the same.

Unchanged values must have unchanged codes, so every range is fixed for an epoch: the plan's where it has one,
else that of the frames seen. A plan's range cuts values off as it does in whole frames; a range of our own is
never left: a value outside it begins a new epoch, with a range that holds both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from numpy.typing import NDArray

from evosplit.kernels.attention_masks import travelling_code
from evosplit.kernels.encoded_sizes import is_affine
from evosplit.kernels.quantise import value_range
from evosplit.kernels.unpacked_codes import Codes, to_codes
from evosplit.shared.plan import FLOAT_BITS, Plan, TensorCode, restoration_names, transform_names

Tensors: TypeAlias = Mapping[str, NDArray[Any]]
Ends: TypeAlias = Mapping[str, tuple[float, float]]
"""Least and greatest value by tensor; only of tensors whose range the plan does not fix."""


@dataclass(frozen=True)
class Wire:
    """All of a plan that decides what the codes mean."""

    model_sha256: str
    cut_key: str
    codes: tuple[tuple[str, TensorCode], ...]

    @property
    def restorations(self) -> tuple[str, ...]:
        """What restores each tensor in the cloud, as frames say it."""
        return restoration_names(code for _, code in self.codes)

    @property
    def transforms(self) -> tuple[str, ...]:
        """What undoes the transform of each tensor and restores nothing, likewise."""
        return transform_names(code for _, code in self.codes)


def wire_of(plan: Plan, tensors: Tensors) -> Wire:
    """The part of the plan that says what crosses, and how; attention masks as they stand."""
    codes = tuple(
        (name, travelling_code(tensors[name], plan.wire.get(name, TensorCode(FLOAT_BITS))))
        for name in plan.boundary
    )
    return Wire(plan.model_sha256, plan.cut_key, codes)


@dataclass(frozen=True)
class Epoch:
    """``ends`` hold for the epoch, ``seen`` were found in it.

    ``key_bytes`` is the length of the last key frame, 0 before the first, ``key_noise`` the squared
    distance of its codes from the true ones, above 0 within a budget; ``frames`` counts from it on.
    ``key_factor`` and ``delta_factor`` are those of the last frame of their kind (`Fitting`).
    """

    wire: Wire
    ends: Ends
    seen: Ends
    key_bytes: int = 0
    key_noise: float = 0.0
    frames: int = 0
    key_factor: float = 0.0
    delta_factor: float = 0.0

    def codes(self, tensors: Tensors) -> tuple[Codes, ...]:
        """The tensors' codes. Raises InputError for NaN and infinity."""
        return tuple(
            to_codes(name, tensors[name], code, self.ends.get(name)) for name, code in self.wire.codes
        )


def ends_of(wire: Wire, tensors: Tensors) -> Ends:
    """The range of each tensor for which the plan has none."""
    return {
        name: _ends(tensors[name])
        for name, code in wire.codes
        if is_affine(tensors[name].dtype.name, code.bits) and (code.low is None or code.high is None)
    }


def _ends(array: NDArray[Any]) -> tuple[float, float]:
    low, high = value_range(array)
    return float(low[0]), float(high[0])


def is_left(ends: Ends, frame_ends: Ends) -> bool:
    """Whether a range that was found is not within the one that holds."""
    return any(low < ends[name][0] or high > ends[name][1] for name, (low, high) in frame_ends.items())


def union(first: Ends, second: Ends) -> Ends:
    """Ranges that hold both."""
    return {
        name: (min(low, first.get(name, (low, high))[0]), max(high, first.get(name, (low, high))[1]))
        for name, (low, high) in second.items()
    }


def next_epoch(epoch: Epoch | None, wire: Wire, frame_ends: Ends, refresh_frames: int) -> Epoch:
    """The epoch of a frame: the same, or a new one (``key_bytes`` is 0) where it has to end."""
    if epoch is None or epoch.wire != wire:
        return Epoch(wire, frame_ends, frame_ends)
    seen = union(epoch.seen, frame_ends)
    if is_left(epoch.ends, frame_ends):
        ends = union(epoch.ends, seen)
        return Epoch(wire, ends, ends)
    if epoch.frames >= refresh_frames:
        return Epoch(wire, seen, frame_ends)
    return replace(epoch, seen=seen)
