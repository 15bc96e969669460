"""Validation of a frame's tensors, before writing and after reading."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from evosplit.shared.errors import WireError
from evosplit.shared.wire.check_stream import check_delta_size, check_stream
from evosplit.shared.wire.frame import (
    AFFINE_BITS,
    DELTA_SCHEMES,
    DTYPES,
    FLOAT_DTYPES,
    LARGEST_FLOAT,
    MAX_CODED,
    MAX_CODED_BITS,
    MAX_DIMS,
    MAX_TENSORS,
    RESTORATION_BYTES,
    SMALLEST_SCALE,
    EncodedTensor,
    Frame,
)
from evosplit.shared.wire.wire_sizes import packed_size_bytes, raw_bits

_SHA256: Final = re.compile("[0-9a-f]{64}")
_RESTORATION: Final = re.compile(f"([0-9a-f]{{{2 * RESTORATION_BYTES}}})?")


def check_frame(frame: Frame, max_elements: int) -> None:
    """Raise WireError unless the frame and all of its tensors keep the rules of the format."""
    if not _SHA256.fullmatch(frame.model_sha256):
        raise WireError("the model's sha256 is not 64 lower-case hexadecimal digits")
    if len(frame.tensors) > MAX_TENSORS:
        raise WireError(f"a frame holds at most {MAX_TENSORS} tensors, this one {len(frame.tensors)}")
    if len({tensor.name for tensor in frame.tensors}) != len(frame.tensors):
        raise WireError("two tensors of a frame have the same name")
    _check_restorations(frame)
    check_stream(frame)
    block = 0 if frame.stream is None else frame.stream.block
    total = 0
    for tensor in frame.tensors:
        total += check_shape(tensor.name, tensor.shape, max_elements)
        check_tensor(tensor, block)
    if total > max_elements:
        raise WireError(f"a frame of {total} elements is larger than the limit of {max_elements}")


def _check_restorations(frame: Frame) -> None:
    """One name for each tensor, and at least one that is none of zeros."""
    names = frame.restorations
    if not names:
        return
    if len(names) != len(frame.tensors) or not all(map(_RESTORATION.fullmatch, names)):
        raise WireError("a frame names a restoration of 16 hexadecimal digits, or none, for each tensor")
    if not any(names) or any(name and not int(name, 16) for name in names):
        raise WireError("a frame with restorations names none")


def check_shape(name: str, shape: tuple[int, ...], max_elements: int) -> int:
    """Elements of the shape, counting an empty dimension as one so that no product can run away."""
    if len(shape) > MAX_DIMS:
        raise WireError(f"{name!r}: {len(shape)} dimensions, the limit is {MAX_DIMS}")
    elements = 1
    for size in shape:
        elements *= max(size, 1)
        if size < 0 or elements > max_elements:
            raise WireError(f"{name!r}: a shape beyond the limit of {max_elements} elements")
    return elements


def check_tensor(tensor: EncodedTensor, block: int = 0) -> None:
    """Raise WireError unless dtype, scheme, bits, axis, scales and lengths agree with each other.

    ``block`` is the codes per block of the frame that a delta is in.
    """
    check = _CHECKS.get(tensor.scheme)
    if tensor.dtype not in DTYPES or check is None:
        raise WireError(f"{tensor.name!r}: unknown dtype {tensor.dtype!r} or scheme {tensor.scheme!r}")
    check(tensor)
    if tensor.scheme in DELTA_SCHEMES:
        check_delta_size(tensor, block)
    elif tensor.packed_bytes != packed_size_bytes(tensor.shape, tensor.bits):
        raise WireError(f"{tensor.name!r}: {tensor.packed_bytes} packed bytes do not fit shape and bits")
    _check_payload(tensor)


def _check_payload(tensor: EncodedTensor) -> None:
    length = len(tensor.payload)
    if not (length == tensor.packed_bytes if tensor.codec == "none" else _is_shorter(tensor, length)):
        raise WireError(f"{tensor.name!r}: {length} payload bytes do not fit codec {tensor.codec!r}")


def _is_shorter(tensor: EncodedTensor, length: int) -> bool:
    """Whether a codec that made the codes fewer bytes may have made these."""
    if not 0 < length < tensor.packed_bytes:
        return False
    if tensor.codec == "rans-base":
        return _can_be_coded(tensor) and tensor.scheme == "affine-delta"
    return tensor.codec == "zstd" or (tensor.codec == "rans" and _can_be_coded(tensor))


def _can_be_coded(tensor: EncodedTensor) -> bool:
    """Whether entropy coding takes such codes."""
    is_affine = tensor.scheme in ("affine", "affine-delta")
    return is_affine and tensor.bits <= MAX_CODED_BITS and tensor.elements <= MAX_CODED


def _check_raw(tensor: EncodedTensor) -> None:
    if tensor.bits != raw_bits(tensor.dtype):
        raise WireError(f"{tensor.name!r}: raw {tensor.dtype} does not have {tensor.bits} bits")
    if tensor.axis is not None or tensor.scales or tensor.zero_points:
        raise WireError(f"{tensor.name!r}: a raw tensor has no scales")


def _check_affine_bits(tensor: EncodedTensor) -> None:
    if tensor.bits not in AFFINE_BITS or tensor.dtype not in FLOAT_DTYPES:
        raise WireError(f"{tensor.name!r}: no affine codes of {tensor.bits} bits for {tensor.dtype}")


def _check_affine_delta(tensor: EncodedTensor) -> None:
    _check_affine_bits(tensor)
    if tensor.axis is not None or tensor.scales or tensor.zero_points:
        raise WireError(f"{tensor.name!r}: a delta has no scales of its own")


def _check_affine(tensor: EncodedTensor) -> None:
    _check_affine_bits(tensor)
    if tensor.axis is not None and not 0 <= tensor.axis < len(tensor.shape):
        raise WireError(f"{tensor.name!r}: axis {tensor.axis} is outside the shape")
    channels = 1 if tensor.axis is None else tensor.shape[tensor.axis]
    if not len(tensor.scales) == len(tensor.zero_points) == channels:
        raise WireError(f"{tensor.name!r}: {len(tensor.scales)} scales for {channels} channels")
    top = 2**tensor.bits - 1
    for scale, zero in zip(tensor.scales, tensor.zero_points, strict=True):
        if not (0 <= zero <= top and math.isfinite(scale) and scale >= SMALLEST_SCALE):
            raise WireError(f"{tensor.name!r}: scale {scale} with zero point {zero} is out of range")
        if scale * max(zero, top - zero) > LARGEST_FLOAT:
            raise WireError(f"{tensor.name!r}: scale {scale} overflows float32")


_CHECKS: Final[dict[str, Callable[[EncodedTensor], None]]] = {
    "raw": _check_raw,
    "affine": _check_affine,
    "raw-delta": _check_raw,
    "affine-delta": _check_affine_delta,
}
