"""Compiled loops of quantisation: ranges, quantise + pack, unpack + dequantise, quantise to floats.

All arrays are flat and contiguous. A tensor with ``channels`` pairs of scale and zero point is seen as
``(outer, channels, inner)``: element i belongs to channel ``i // inner % channels``; one pair serves all
when ``channels`` is 1. Work goes in blocks whose byte-wide codes stay in the first-level cache, so that the
floats are read once and only dense bytes are written. Every inner loop is straight arithmetic on 32-bit
lanes, which LLVM turns into vectors on x86-64 and aarch64 alike; the casts keep numba from widening to 64.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.bitpack import GROUP, pack_words, unpack_words
from evosplit.kernels.jit import compiled
from evosplit.kernels.word_access import bits_float, float_bits

Floats = NDArray[np.float32]
Codes = NDArray[Any]
Float = np.float32
Int = np.int32

BLOCK: Final = 2048
_MAGIC: Final = np.float32(1.5 * 2**23)
"""Adding it leaves an integer, rounded half to even, in the low bits of the mantissa (|x| < 2**22)."""
_MAGNITUDE: Final = np.int32(0x7FFFFFFF)
_INFINITY: Final = np.int32(0x7F800000)
_SIGN_BIT: Final = np.int32(31)


@compiled
def _run_range(values: Floats, low: Int, high: Int) -> tuple[Int, Int]:
    """Least and greatest key; keys order floats as integers, with NaNs outermost."""
    low_key, high_key = np.int32(low), np.int32(high)
    for i in range(values.size):
        bits = float_bits(values[i])
        key = np.int32(bits ^ np.int32(np.int32(bits >> _SIGN_BIT) & _MAGNITUDE))
        low_key = min(low_key, key)
        high_key = max(high_key, key)
    return low_key, high_key


@compiled
def value_range(values: Floats, inner: int, low: Floats, high: Floats) -> None:
    """Extend ``low`` and ``high``, one per channel, which hold zeros; NaN or infinite where a value is."""
    channels = low.size
    keys = np.zeros((channels, 2), np.int32)
    start = 0
    while start < values.size:
        channel = start // inner % channels
        stop = values.size if channels == 1 else start + inner
        ends = _run_range(values[start:stop], keys[channel, 0], keys[channel, 1])
        keys[channel, 0], keys[channel, 1] = ends
        start = stop
    for channel in range(channels):
        key = keys[channel, 0]
        low[channel] = bits_float(np.int32(key ^ np.int32(np.int32(key >> _SIGN_BIT) & _MAGNITUDE)))
        high[channel] = bits_float(keys[channel, 1])


@compiled
def _run_quantise(values: Floats, inverse: Float, zero: Float, top: Float, codes: Codes) -> Int:
    """Codes of one channel; returns the greatest magnitude's bits, which tell whether all were finite."""
    low, high, zero_code = np.float32(-zero), np.float32(top - zero), np.int32(zero)
    greatest = np.int32(0)
    for i in range(values.size):
        value = values[i]
        greatest = max(greatest, np.int32(float_bits(value) & _MAGNITUDE))
        scaled = value * inverse
        scaled = low if scaled < low else scaled
        scaled = high if scaled > high else scaled
        codes[i] = np.int32(float_bits(scaled + _MAGIC) + zero_code)
    return greatest


@compiled
def _quantise_channels(
    values: Floats, start: int, inner: int, inverses: Floats, zeros: Floats, top: Float, codes: Codes
) -> Int:
    """Codes of ``values``, which begin at element ``start`` of their tensor, one per item of ``codes``."""
    channels = inverses.size
    greatest = np.int32(0)
    done = 0
    while done < values.size:
        row = (start + done) // inner
        channel = row % channels
        stop = min(values.size, (row + 1) * inner - start)
        part = values[done:stop]
        greatest_code = _run_quantise(part, inverses[channel], zeros[channel], top, codes[done:stop])
        greatest = max(greatest, greatest_code)
        done = stop
    return greatest


@compiled
def quantise_pack(
    values: Floats, inner: int, inverses: Floats, zeros: Floats, bits: int, packed: NDArray[np.uint8]
) -> np.bool_:
    """Codes of 2 to 7 bits, dense, into ``packed`` (with slack); whether all values were finite."""
    top = np.float32((1 << bits) - 1)
    codes = np.empty(BLOCK, np.uint8)
    greatest = np.int32(0)
    for start in range(0, values.size, BLOCK):
        part = values[start : start + BLOCK]
        if inverses.size == 1:
            greatest_code = _run_quantise(part, inverses[0], zeros[0], top, codes)
        else:
            greatest_code = _quantise_channels(part, start, inner, inverses, zeros, top, codes)
        greatest = max(greatest, greatest_code)
        groups = (part.size + GROUP - 1) // GROUP
        for i in range(part.size, groups * GROUP):
            codes[i] = 0
        upcoming = values[start + part.size :]
        pack_words(codes, groups, bits, packed, start // GROUP * bits, upcoming)
    return greatest < _INFINITY


@compiled
def quantise_whole(
    values: Floats, inner: int, inverses: Floats, zeros: Floats, bits: int, codes: Codes
) -> np.bool_:
    """As ``quantise_pack`` for 8 and 16 bits, whose codes need no packing."""
    top = np.float32((1 << bits) - 1)
    if inverses.size == 1:
        return _run_quantise(values, inverses[0], zeros[0], top, codes) < _INFINITY
    return _quantise_channels(values, 0, inner, inverses, zeros, top, codes) < _INFINITY


@compiled
def _run_dequantise(codes: Codes, scale: Float, zero: Float, values: Floats) -> None:
    for i in range(codes.size):
        values[i] = (np.float32(codes[i]) - zero) * scale


@compiled
def _dequantise_channels(
    codes: Codes, start: int, inner: int, scales: Floats, zeros: Floats, values: Floats
) -> None:
    """Values of ``codes``, which begin at element ``start`` of their tensor."""
    channels = scales.size
    done = 0
    while done < codes.size:
        row = (start + done) // inner
        channel = row % channels
        stop = min(codes.size, (row + 1) * inner - start)
        _run_dequantise(codes[done:stop], scales[channel], zeros[channel], values[done:stop])
        done = stop


@compiled
def unpack_dequantise(
    packed: NDArray[np.uint8], inner: int, scales: Floats, zeros: Floats, bits: int, values: Floats
) -> None:
    """Values of dense codes of 2 to 7 bits; ``packed`` has slack."""
    codes = np.empty(BLOCK, np.uint8)
    for start in range(0, values.size, BLOCK):
        part = values[start : start + BLOCK]
        groups = (part.size + GROUP - 1) // GROUP
        unpack_words(packed, start // GROUP * bits, groups, bits, codes, part)
        if scales.size == 1:
            _run_dequantise(codes[: part.size], scales[0], zeros[0], part)
        else:
            _dequantise_channels(codes[: part.size], start, inner, scales, zeros, part)


@compiled
def dequantise_whole(codes: Codes, inner: int, scales: Floats, zeros: Floats, values: Floats) -> None:
    """As ``unpack_dequantise`` for 8 and 16 bits, whose codes were not packed."""
    if scales.size == 1:
        _run_dequantise(codes, scales[0], zeros[0], values)
    else:
        _dequantise_channels(codes, 0, inner, scales, zeros, values)


@compiled
def _run_fake(values: Floats, inverse: Float, scale: Float, zero: Float, top: Float, out: Floats) -> Int:
    low, high = np.float32(-zero), np.float32(top - zero)
    greatest = np.int32(0)
    for i in range(values.size):
        value = values[i]
        greatest = max(greatest, np.int32(float_bits(value) & _MAGNITUDE))
        scaled = value * inverse
        scaled = low if scaled < low else scaled
        scaled = high if scaled > high else scaled
        # Adding zero turns -0.0 into the 0.0 that decoded codes give.
        out[i] = ((scaled + _MAGIC) - _MAGIC) * scale + np.float32(0)
    return greatest


@compiled
def fake_quantise(
    values: Floats, inner: int, inverses: Floats, scales: Floats, zeros: Floats, bits: int, out: Floats
) -> np.bool_:
    """Quantise and dequantise at once; whether all values were finite."""
    top = np.float32((1 << bits) - 1)
    channels = inverses.size
    greatest = np.int32(0)
    start = 0
    while start < values.size:
        channel = start // inner % channels
        stop = values.size if channels == 1 else start + inner
        greatest_code = _run_fake(
            values[start:stop], inverses[channel], scales[channel], zeros[channel], top, out[start:stop]
        )
        greatest = max(greatest, greatest_code)
        start = stop
    return greatest < _INFINITY
