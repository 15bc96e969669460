"""Reference oracles of the masked kernels: dense, float64, one obvious step after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.masked.activation import LEAKY, SIGMOID, SILU, Activation
from evosplit.kernels.masked.window import Window

Array = NDArray[np.float64]


def windows(x: Array, window: Window, filling: float) -> Array:
    """(out height, out width, taps, channels): what every output position reads, ``filling`` outside."""
    top, left, bottom, right = window.pads
    padded = np.pad(x, ((top, bottom), (left, right), (0, 0)), constant_values=filling)
    rows, columns = window.out_size((x.shape[0], x.shape[1]))
    gathered = np.empty((rows, columns, window.taps, x.shape[2]))
    for y in range(rows):
        for z in range(columns):
            for tap in range(window.taps):
                row = y * window.stride[0] + tap // window.kernel[1] * window.dilation[0]
                column = z * window.stride[1] + tap % window.kernel[1] * window.dilation[1]
                gathered[y, z, tap] = padded[row, column]
    return gathered


def convolve(x: Array, weights: Array, bias: Array, window: Window, groups: int) -> Array:
    """Convolution with ``weights`` (out channels, in channels / groups, kernel rows, kernel columns)."""
    read = windows(x, window, 0.0)
    depth, width = weights.shape[1], weights.shape[0] // groups
    out = np.empty((*read.shape[:2], weights.shape[0]))
    for channel in range(weights.shape[0]):
        first = channel // width * depth
        taps = weights[channel].reshape(depth, -1).T
        out[..., channel] = (read[..., first : first + depth] * taps).sum((2, 3)) + bias[channel]
    return out


def activate(x: Array, activation: Activation) -> Array:
    """Limits, then the curve."""
    x = np.clip(x, activation.low, activation.high)
    if activation.curve == LEAKY:
        return np.where(x < 0, x * activation.slope, x)
    if activation.curve == SIGMOID:
        return 1 / (1 + np.exp(-x))
    return x / (1 + np.exp(-x)) if activation.curve == SILU else x


def max_pool(x: Array, window: Window) -> Array:
    """The greatest value of each window."""
    greatest: Array = windows(x, window, -np.inf).max(2)
    return greatest


def average_pool(x: Array, window: Window, include_padding: bool) -> Array:
    """The mean of each window; without padding, of its positions inside the input (0 where there is none)."""
    inside = windows(np.ones_like(x), window, 0.0).sum(2)
    total: Array = windows(x, window, 0.0).sum(2)
    return total / (window.taps if include_padding else np.maximum(inside, 1))


def through(mask: NDArray[np.bool_], window: Window) -> NDArray[np.bool_]:
    """Output positions whose window holds a set position."""
    reached: NDArray[np.bool_] = windows(mask[..., None].astype(float), window, 0.0).max((2, 3)) > 0
    return reached


def changed(
    previous: NDArray[np.float32], current: NDArray[np.float32], threshold: float, block: int
) -> NDArray[np.bool_]:
    """Position by position; frames (channels, height, width)."""
    near = np.abs(current.astype(float) - previous) <= threshold
    single = ~near.all(0)
    mask = np.zeros_like(single)
    for y, x in zip(*np.nonzero(single), strict=True):
        top, left = y // block * block, x // block * block
        mask[top : top + block, left : left + block] = True
    return mask
