"""The micro-kernels on a narrower target, in a process that is told to compile for one."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import numpy as np
from kernels.masked import reference, tile
from kernels.masked.activation import SILU_CURVE
from kernels.masked.conv import MaskedConv
from kernels.masked.window import Window
rng = np.random.default_rng(0)
for shape, groups in (((37, 5, 3, 3), 1), ((37, 1, 3, 3), 37)):
    weights, bias = rng.normal(size=shape).astype("f"), rng.normal(size=37).astype("f")
    x, mask = rng.normal(size=(9, 8, shape[1] * groups)).astype("f"), rng.random((9, 8)) < 0.7
    out = np.zeros((9, 8, 37), "f")
    MaskedConv(weights, bias, pads=(1, 1, 1, 1), groups=groups, activation=SILU_CURVE).run(x, mask, out)
    window = Window((3, 3), pads=(1, 1, 1, 1))
    dense = reference.activate(reference.convolve(x, weights, bias, window, groups), SILU_CURVE)
    assert np.abs(out - dense)[mask].max() < 1e-4 and not out[~mask].any()
print(tile.PLACES, tile.CHANNELS)
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names processors of x86-64")
@pytest.mark.parametrize(("processor", "features"), [("haswell", "+avx2,+fma,+avx"), ("nehalem", "+sse4.2")])
def test_targets_without_wide_vectors(processor, features, tmp_path):
    names = {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**os.environ, **names, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["6", "16"]
