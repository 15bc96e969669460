"""Speed of the entropy coder and its quantiser, and bytes against the entropy of independent codes."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from evosplit.kernels.entropy_coding import decode_codes, encode_codes
from evosplit.kernels.entropy_coding.rate_distortion import economical_codes
from evosplit.kernels.errors.coded_steps import LAGRANGE_MULTIPLIER

_SHAPE: Final = (64, 128, 128)
_ZERO: Final = 8
_BITS: Final = 4
_SPREADS: Final = (0.4, 0.8, 1.6)
"""Of two-sided exponential values, in steps."""
_REPEATS: Final = 15


def coder_rows() -> list[dict[str, float]]:
    """Milliseconds per million codes on one core, and bytes, by how widely codes are spread."""
    return [_row(spread) for spread in _SPREADS]


def _row(spread: float) -> dict[str, float]:
    scaled = (np.random.default_rng(0).laplace(size=_SHAPE) * spread).astype(np.float32).reshape(-1)
    codes = np.clip(np.rint(scaled) + _ZERO, 0, 2**_BITS - 1).astype(np.uint8)
    payload = encode_codes(codes, _SHAPE, _BITS, codes.size) or b""
    shares = np.bincount(codes) / codes.size
    shares = shares[shares > 0]
    ideal_bytes = -(shares * np.log2(shares)).sum() * codes.size / 8
    choose = partial(economical_codes, scaled, _ZERO, codes, _SHAPE, _BITS, LAGRANGE_MULTIPLIER)
    return {
        "bits_per_code": 8 * len(payload) / codes.size,
        "against_entropy": len(payload) / ideal_bytes,
        "choose_ms_per_million": _ms(choose),
        "encode_ms_per_million": _ms(partial(encode_codes, codes, _SHAPE, _BITS, codes.size)),
        "decode_ms_per_million": _ms(partial(decode_codes, payload, _SHAPE, _BITS)),
    }


def _ms(work: Callable[[], object]) -> float:
    """The least processor time of a few runs: others' load only ever adds."""
    durations_s = []
    for _ in range(_REPEATS):
        start_s = time.thread_time()
        work()
        durations_s.append(time.thread_time() - start_s)
    return 1e3 * min(durations_s) / (np.prod(_SHAPE) / 1e6)
