"""Quantisation and packing throughput on one core, against `numpy.copyto` and NumPy round + clip.

Rounds of all contenders are interleaved, so that noise of the machine meets them alike; a ratio is the median
of the rounds' ratios. Three sizes: within the second-level cache, a large activation (1 x 64 x 112 x 112),
and well beyond the caches. Ranges are given, as plans with calibration do; finding one is measured apart.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import write_result
from evosplit.kernels import quantise_loops
from evosplit.kernels.affine import Affine, choose_affine
from evosplit.kernels.bitpack import SLACK_BYTES
from evosplit.kernels.codec import measure_codec
from evosplit.kernels.quantise import value_range

SIZES: Final = {"64k elements": 2**16, "803k elements": 64 * 112 * 112, "16M elements": 2**24}
BITS: Final = (2, 3, 4, 5, 6, 7, 8, 16)
ROUNDS: Final = 15
MIN_ROUND_S: Final = 0.002

COMPILE: Final = """
import time
start = time.perf_counter()
import numpy as np
from evosplit.kernels.quantise import affine_for, quantise_pack, unpack_dequantise
imported = time.perf_counter()
x = np.ones(64, np.float32)
for bits in (4, 8):
    affine = affine_for(x, bits, None, None, None)
    unpack_dequantise(quantise_pack(x, affine, bits), x.shape, affine, bits)
print(imported - start, time.perf_counter() - imported)
"""

Work = Callable[[], object]


def main() -> None:
    sizes = {label: _measure(count) for label, count in SIZES.items()}
    encode_s, decode_s = measure_codec()
    result = {
        "bytes": "float32 bytes read (quantise) or written (dequantise)",
        "quantise_pack_x_copy_least": {
            label: min(row["quantise_pack"]["x_copy"] for row in size["bits"].values())
            for label, size in sizes.items()
        },
        "sizes": sizes,
        "codec_with_zstd_4_bit_relu": {"encode_s_per_byte": encode_s, "decode_s_per_byte": decode_s},
        "start": _starts(),
    }
    write_result("quantise", result)


def _measure(count: int) -> dict[str, Any]:
    x = np.random.default_rng(0).normal(size=count).astype(np.float32)
    other, packed = np.empty_like(x), np.zeros(4 * count + SLACK_BYTES, np.uint8)
    low, high = value_range(x)
    works: dict[str, Work] = {
        "copy": lambda: np.copyto(other, x),
        "value_range": lambda: value_range(x),
        "numpy_round_clip": lambda: _numpy_round_clip(x, other),
    }
    for bits in BITS:
        works |= _kernels(x, other, packed, bits, choose_affine(low, high, bits))
    times = _interleaved(works, max(1, round(MIN_ROUND_S / (4 * count / 8e9))))
    rate = {name: _figures(times[name], times["copy"], x.nbytes) for name in works}
    rows = {
        str(bits): {
            "quantise_pack": rate[f"pack{bits}"],
            "unpack_dequantise": rate[f"unpack{bits}"],
            "quantise_pack_x_numpy_round_clip": _ratio(times["numpy_round_clip"], times[f"pack{bits}"]),
        }
        for bits in BITS
    }
    apart = {name: rate[name] for name in ("copy", "value_range", "numpy_round_clip")}
    return {"float32_bytes": x.nbytes, **apart, "bits": rows}


def _numpy_round_clip(x: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """What NumPy takes for 4-bit codes that are neither narrowed nor packed; without temporary arrays."""
    np.multiply(x, np.float32(9), out=out)
    np.rint(out, out=out)
    np.clip(out, -8, 7, out=out)


def _kernels(
    x: NDArray[np.float32], values: NDArray[np.float32], packed: NDArray[np.uint8], bits: int, affine: Affine
) -> dict[str, Work]:
    inverses, scales, zeros = affine.inverses, affine.scales, affine.zeros
    if bits < 8:
        return {
            f"pack{bits}": lambda: quantise_loops.quantise_pack(x, 1, inverses, zeros, bits, packed),
            f"unpack{bits}": lambda: quantise_loops.unpack_dequantise(packed, 1, scales, zeros, bits, values),
        }
    codes = packed[: x.size * bits // 8].view(np.uint8 if bits == 8 else np.uint16)
    return {
        f"pack{bits}": lambda: quantise_loops.quantise_whole(x, 1, inverses, zeros, bits, codes),
        f"unpack{bits}": lambda: quantise_loops.dequantise_whole(codes, 1, scales, zeros, values),
    }


def _interleaved(works: dict[str, Work], repeats: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(ROUNDS + 1):
        for name, work in works.items():
            start = time.perf_counter()
            for _ in range(repeats):
                work()
            if turn:  # the first round compiles
                times[name].append((time.perf_counter() - start) / repeats)
    return times


def _figures(times: list[float], copy: list[float], size_bytes: int) -> dict[str, float]:
    rate = size_bytes / statistics.median(times) / 1e9
    return {"gb_per_s": round(rate, 2), "x_copy": _ratio(copy, times)}


def _ratio(others: list[float], times: list[float]) -> float:
    """How many times as fast as ``others``: the median over the rounds."""
    return round(statistics.median(a / b for a, b in zip(others, times, strict=True)), 2)


def _starts() -> dict[str, float]:
    """Seconds to import and to have the kernels for one tensor ready, without and with the cache on disk."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [_start(folder) for _ in range(2)]
    names = ("first_import_s", "first_compile_s", "second_import_s", "second_load_s")
    return dict(zip(names, (round(value, 3) for run in runs for value in run), strict=True))


def _start(folder: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", COMPILE],
        env={**os.environ, "NUMBA_CACHE_DIR": folder},
        check=True,
        capture_output=True,
        text=True,
    )
    return [float(value) for value in done.stdout.split()]


if __name__ == "__main__":
    main()
