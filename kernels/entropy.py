"""Zstandard compression of packed codes where it saves bytes, bounded on the way back.

Level 1: higher levels are slower and not smaller on activations. What zstd gains on packed codes is nearly
all entropy coding of bytes (half of the values after a ReLU are zero), so a sampled histogram tells where
trying is a waste of time.
"""

from __future__ import annotations

import threading
from typing import Final

import numpy as np
import zstandard
from numpy.typing import NDArray

from evosplit.shared.errors import WireError

_LEVEL: Final = 1
_LEAST_BYTES: Final = 64
_SAMPLE_BYTES: Final = 4096
_PIECES: Final = 16
_HOPELESS_BITS: Final = 7.9
"""Entropy per byte above which zstd is not tried; a sample of uniform bytes is found near 7.95."""


class _Contexts(threading.local):
    """zstd contexts, one pair per thread: they are costly to make and must not be shared."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts: Final = _Contexts()


def compress(packed: NDArray[np.uint8], border: int = 0) -> bytes | None:
    """The zstd form of (n,) uint8, or None where it would not be smaller.

    Behind the first ``border`` bytes a new block begins, with symbol statistics of its own: for content of
    two kinds. It is one zstd frame all the same.
    """
    if packed.size < _LEAST_BYTES or _entropy_bits(_sample(packed)) > _HOPELESS_BITS:
        return None
    content = _in_two(packed, border) if border else _contexts.compressor.compress(packed.data)
    return content if len(content) < packed.size else None


def _in_two(packed: NDArray[np.uint8], border: int) -> bytes:
    stream = _contexts.compressor.compressobj(size=packed.size)
    parts = (
        stream.compress(packed[:border].data),
        stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK),
        stream.compress(packed[border:].data),
        stream.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH),
    )
    return b"".join(parts)


def decompress(content: bytes | memoryview, size_bytes: int) -> bytes:
    """Exactly ``size_bytes`` bytes. Raises WireError, before allocating, if it promises another size."""
    try:
        promised = zstandard.get_frame_parameters(content).content_size
        if promised != size_bytes:
            raise WireError(f"a zstd payload of {promised} bytes where {size_bytes} were announced")
        return _contexts.decompressor.decompress(content, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise WireError(f"not a valid zstd payload: {error}") from None


def _sample(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """At most 4096 bytes, in pieces from all over the content."""
    if packed.size <= _SAMPLE_BYTES:
        return packed
    piece = _SAMPLE_BYTES // _PIECES
    starts = np.linspace(0, packed.size - piece, _PIECES).astype(np.int64)
    return np.concatenate([packed[start : start + piece] for start in starts])


def _entropy_bits(sample: NDArray[np.uint8]) -> float:
    """Order-0 entropy per byte."""
    counts = np.bincount(sample, minlength=256)
    shares = counts[counts > 0] / sample.size
    return float(-(shares * np.log2(shares)).sum())
