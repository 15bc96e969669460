"""What travels: tensors as codes with their scales, and the frame that holds them; the format's limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

Scheme = Literal["raw", "affine"]
Codec = Literal["none", "zstd"]

MAGIC: Final = b"EVSF"
VERSION: Final = 1

SCHEMES: Final[tuple[Scheme, ...]] = ("raw", "affine")
CODECS: Final[tuple[Codec, ...]] = ("none", "zstd")

MAX_TENSORS: Final = 1024
MAX_DIMS: Final = 16
MAX_TEXT_BYTES: Final = 1024
"""Longest frame id, cut key or tensor name, in UTF-8 bytes."""
MAX_ELEMENTS: Final = 2**27
"""Elements of all tensors of a frame together, unless the caller says otherwise (512 MiB of float32)."""
MAX_FRAME_BYTES: Final = 2**32 - 1

DTYPES: Final = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64",
)  # fmt: skip
"""NumPy names; the position is the code on the wire, so the order never changes."""
FLOAT_DTYPES: Final = ("float16", "float32", "float64")
AFFINE_BITS: Final = (2, 3, 4, 5, 6, 7, 8, 16)
SMALLEST_SCALE: Final = 2.0**-126
"""Smallest normal float32: below it the reciprocal that the encoder multiplies by would overflow."""
LARGEST_FLOAT: Final = (2.0 - 2.0**-23) * 2.0**127
"""Largest finite float32."""


@dataclass(frozen=True)
class EncodedTensor:
    """One tensor as bytes.

    ``dtype`` and ``shape`` are those of the decoded tensor. Scheme ``raw``: the payload holds the elements
    little-endian, C order, ``bits`` their width; ``axis`` None, no scales. Scheme ``affine``: unsigned
    codes of ``bits`` bits, C order, dense, least significant bit first; value = (code - zero_point) * scale
    in float32, with one pair per index of ``axis``, or one in all when ``axis`` is None.

    ``packed_bytes`` is the payload's length before ``codec``; with codec ``none`` it equals the length.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    scheme: Scheme
    bits: int
    axis: int | None
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    codec: Codec
    payload: bytes | memoryview
    packed_bytes: int

    @property
    def elements(self) -> int:
        """Number of elements (1 for a scalar)."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Frame:
    """The boundary of one input on its way to the cloud, or one weight in a bundle.

    ``model_sha256`` is hexadecimal; ``cut_key`` is `shared.graph.Cut.key` (empty for weights).
    """

    frame_id: str
    model_sha256: str
    cut_key: str
    tensors: tuple[EncodedTensor, ...]
