"""Frame structure: tensors as codes with their scales, stream header, and the format's limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Scheme = Literal["raw", "affine", "raw-delta", "affine-delta"]
Codec = Literal["none", "zstd", "rans", "rans-base"]

MAGIC: Final = b"EVSF"
VERSION: Final = 1
"""Of a frame that stands alone."""
STREAM_VERSION: Final = 2
"""Of a frame that is part of a stream."""
CODED_VERSION: Final = 3
"""Of a frame with an entropy-coded tensor or a restoration, in a stream or not."""
BASE_CODED_VERSION: Final = 4
"""Of a frame with a delta that is entropy coded with the base's codes as contexts."""
STREAM_FLAG: Final = 1
"""Set from version 3 on where the frame is part of a stream."""
RESTORED_FLAG: Final = 2
"""Set from version 3 on where the frame names a restoration network for one of its tensors."""
RESTORATION_BYTES: Final = 8
"""What names one, for each tensor of such a frame; zeros for none."""


SCHEMES: Final[tuple[Scheme, ...]] = ("raw", "affine", "raw-delta", "affine-delta")
DELTA_SCHEMES: Final[tuple[Scheme, ...]] = ("raw-delta", "affine-delta")
CODECS: Final[tuple[Codec, ...]] = ("none", "zstd", "rans", "rans-base")
MAX_CODED_BITS: Final = 8
"""Widest codes that codecs ``rans`` and ``rans-base`` take."""
MAX_CODED: Final = 2**24
"""Most codes of one tensor that they take."""

MAX_TENSORS: Final = 1024
MAX_DIMS: Final = 16
MAX_TEXT_BYTES: Final = 1024
"""Longest frame id, cut key or tensor name, in UTF-8 bytes."""
MAX_ELEMENTS: Final = 2**27
"""Elements of all tensors of a frame together, unless the caller says otherwise (512 MiB of float32)."""
MAX_FRAME_BYTES: Final = 2**32 - 1
BLOCK_STEP: Final = 8
"""Codes per block are a multiple of it, so that a block is whole bytes at any width."""
MAX_BLOCK: Final = 2**16 - BLOCK_STEP
MAX_SEQUENCE: Final = 2**64 - 1

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

    Schemes ``raw-delta`` and ``affine-delta``, in frames of a stream only: the payload holds a bitmap of the
    blocks that changed against the base, then the differences of their codes; no scales, the base has them.

    ``packed_bytes`` is the payload's length before ``codec``; with codec ``none`` it equals the length. Codec
    ``rans`` (`evosplit.kernels.entropy_coding`) is of the codes themselves, up to 8 bits; ``rans-base`` is
    of the codes as well, in scheme ``affine-delta`` alone, with those of the base as contexts.
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


def coded_version(tensors: Sequence[EncodedTensor], is_restored: bool = False) -> int | None:
    """The version of frames with such tensors; None where none of them is entropy coded or restored."""
    codecs = {tensor.codec for tensor in tensors}
    if "rans-base" in codecs:
        return BASE_CODED_VERSION
    return CODED_VERSION if "rans" in codecs or is_restored else None


@dataclass(frozen=True)
class StreamHead:
    """Where a frame stands in a stream.

    ``client`` is a random 64-bit number of the sender's run, ``sequence`` grows from frame to frame of a
    client and is never used twice. ``base`` is the sequence of the frame that this one builds on, 0 for a key
    frame, which stands alone. ``block`` is codes per block. ``digest`` is the CRC-32 of all codes that
    result. ``keep`` tells the receiver that later frames may build on this one.
    """

    client: int
    stream: str
    sequence: int
    base: int
    block: int
    digest: int
    keep: bool = True

    @property
    def is_key(self) -> bool:
        """Whether the frame needs no other to be understood."""
        return self.base == 0


@dataclass(frozen=True)
class Frame:
    """The boundary of one input on its way to the cloud, or one weight in a bundle.

    ``model_sha256`` is hexadecimal; ``cut_key`` is `evosplit.shared.graph.Cut.key` (empty for weights).
    ``stream`` is None for a frame that stands alone. ``restorations`` name what is to
    restore each tensor (`evosplit.shared.restoration.network`), "" for nothing; empty where nothing does any.
    """

    frame_id: str
    model_sha256: str
    cut_key: str
    tensors: tuple[EncodedTensor, ...]
    stream: StreamHead | None = None
    restorations: tuple[str, ...] = ()
