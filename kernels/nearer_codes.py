"""Approximations of codes at their own scale: some blocks of them, or multiples of a number of steps."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.unpacked_codes import Codes


def furthest(base: Codes, codes: Codes, block: int) -> NDArray[np.int32]:
    """By block, (blocks,): the largest distance of a code from the base's; the last block may be short."""
    distance = abs(codes.codes.astype(np.int32) - base.codes)
    padded = np.zeros(-(-distance.size // block) * block, np.int32)
    padded[: distance.size] = distance
    largest: NDArray[np.int32] = padded.reshape(-1, block).max(axis=1)
    return largest


def with_blocks(base: Codes, codes: Codes, chosen: NDArray[np.bool_], block: int) -> Codes:
    """The base's codes but in the ``chosen`` blocks, (blocks,)."""
    places = chosen.repeat(block)[: codes.codes.size]
    return dataclasses.replace(codes, codes=np.where(places, codes.codes, base.codes))


def multiples(codes: Codes, apart: int) -> Codes:
    """Codes whose distance from zero is the nearest multiple of ``apart``, or the end of the range.

    Those of a tensor that is not quantised stay as they are.
    """
    if codes.affine is None:
        return codes
    zero, top = int(codes.affine.zeros[0]), 2**codes.bits - 1
    distance = codes.codes.astype(np.int32) - zero
    rounded = np.rint(distance / apart).astype(np.int32) * apart + zero
    return dataclasses.replace(codes, codes=np.clip(rounded, 0, top).astype(codes.codes.dtype))


def from_zero(codes: Codes) -> NDArray[np.int64] | None:
    """How many codes are how far from zero, (distances,); None for a tensor that is not quantised."""
    if codes.affine is None:
        return None
    distance = np.abs(codes.codes.astype(np.int32) - int(codes.affine.zeros[0]))
    return np.bincount(distance)


def squared_distance(some: Codes, codes: Codes) -> float:
    """The sum of squared differences, in steps."""
    return float(np.square(some.codes.astype(np.float64) - codes.codes).sum())
