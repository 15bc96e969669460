"""zstd where it pays, bounded on the way back, and safe between threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import zstandard

from evosplit.kernels.entropy import compress, decompress
from evosplit.shared.errors import WireError

RNG = np.random.default_rng(0)
SKEWED = (RNG.integers(0, 16, 50_000) * (RNG.uniform(size=50_000) < 0.5)).astype(np.uint8)


def test_uniform_bytes_are_left_alone():
    assert compress(np.random.default_rng(1).integers(0, 256, 100_000, dtype=np.uint8)) is None


def test_tiny_content_is_left_alone():
    assert compress(np.zeros(63, np.uint8)) is None


def test_skewed_bytes_shrink_and_come_back():
    content = compress(SKEWED)
    assert content is not None
    assert len(content) < 0.5 * SKEWED.size
    assert decompress(content, SKEWED.size) == SKEWED.tobytes()


def test_near_the_threshold_nothing_worth_having_is_missed():
    """Whatever the histogram rules out, zstd itself would hardly have gained on."""
    for width in (180, 200, 220, 240, 250, 256):
        content = np.random.default_rng(width).integers(0, width, 65_536).astype(np.uint8)
        tried = len(zstandard.ZstdCompressor(level=1).compress(content.tobytes()))
        got = compress(content)
        assert (content.size if got is None else len(got)) <= tried * 1.025


@pytest.mark.parametrize("size", [0, 49_999, 50_001, 2**60])
def test_another_size_is_a_lie(size):
    content = compress(SKEWED)
    assert content is not None
    with pytest.raises(WireError, match="announced"):
        decompress(content, size)


def test_truncation_is_an_error():
    content = compress(SKEWED)
    assert content is not None
    for length in (0, 1, 4, 8, 100, len(content) - 1):
        with pytest.raises(WireError):
            decompress(content[:length], SKEWED.size)


def test_many_threads():
    contents = [np.roll(SKEWED, shift) for shift in range(32)]
    with ThreadPoolExecutor(4) as pool:
        packed = list(pool.map(compress, contents))
        back = list(pool.map(lambda content: decompress(content, SKEWED.size), packed))
    assert back == [content.tobytes() for content in contents]
