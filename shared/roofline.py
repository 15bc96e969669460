"""Roofline of this machine: peak arithmetic and memory bandwidth.

    attainable FLOP/s = min(peak_flops, intensity x peak_bytes_per_s),  intensity = FLOP / byte

Williams, Waterman and Patterson, CACM 2009. A multiply-accumulate counts as two operations.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from onnx import TensorProto, helper

from evosplit.shared.session import Runner

_GEMM_SIZE: Final = 768
_COPY_BYTES: Final = 256 << 20
_BUDGET_S: Final = 2.0
_FLOAT_BYTES: Final = 4


@dataclass(frozen=True)
class Roofs:
    """What ``threads`` threads reach: float32 operations and bytes (read and written) per second."""

    threads: int
    peak_flops: float
    peak_bytes_per_s: float

    def attainable_flops(self, intensity: float) -> float:
        """Operations per second under both roofs at ``intensity`` operations per byte."""
        return min(self.peak_flops, intensity * self.peak_bytes_per_s)


def measure_roofs(
    threads: int = 1,
    gemm_size: int = _GEMM_SIZE,
    copy_bytes: int = _COPY_BYTES,
    budget_s: float = _BUDGET_S,
) -> Roofs:
    """The best of all runs of a square float32 product in ONNX Runtime, then of a copy with NumPy.

    Each is run for ``budget_s``, so that a machine that is busy now and then still shows its roof.

    ``copy_bytes`` is the size of the array that is copied, and should be several times the last cache.
    """
    return Roofs(
        threads=threads,
        peak_flops=_peak_flops(threads, gemm_size, budget_s),
        peak_bytes_per_s=_peak_bytes_per_s(threads, copy_bytes, budget_s),
    )


def _peak_flops(threads: int, size: int, budget_s: float) -> float:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [size, size]) for name in "aby"]
    node = helper.make_node("MatMul", ["a", "b"], ["y"])
    body = helper.make_graph([node], "peak", values[:2], values[2:])
    opsets = [helper.make_opsetid("", 17)]
    runner = Runner(helper.make_model(body, opset_imports=opsets, ir_version=8), threads)
    rng = np.random.default_rng(0)
    feeds = {name: rng.standard_normal((size, size), dtype=np.float32) for name in "ab"}
    return 2 * size**3 / _best_s(lambda: runner.run(feeds), budget_s)


def _peak_bytes_per_s(threads: int, size_bytes: int, budget_s: float) -> float:
    """NumPy copies without the interpreter's lock, so that threads each copy their part at once."""
    source = np.ones(size_bytes // _FLOAT_BYTES, np.float32)
    target = np.zeros_like(source)
    parts = list(zip(np.array_split(target, threads), np.array_split(source, threads), strict=True))
    with ThreadPoolExecutor(threads) as pool:
        best_s = _best_s(lambda: list(pool.map(lambda part: np.copyto(*part), parts)), budget_s)
    return 2 * source.nbytes / best_s


def _best_s(work: Callable[[], object], budget_s: float) -> float:
    """The shortest of many runs after one that warms up: a roof is what is reached undisturbed."""
    work()
    best_s, ended_s = math.inf, time.perf_counter() + budget_s
    while (started_s := time.perf_counter()) < ended_s or best_s == math.inf:
        work()
        best_s = min(best_s, time.perf_counter() - started_s)
    return best_s
