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
from evosplit.kernels.masked import reference, tile
from evosplit.kernels.masked.activation import SILU_CURVE
from evosplit.kernels.masked.conv import MaskedConv
from evosplit.kernels.masked.set_positions import positions_of
from evosplit.kernels.masked.input_changes import update_changed
from evosplit.kernels.masked.position_addresses import geometry_of
from evosplit.kernels.masked.mask_dilation import spread_and_list
from evosplit.kernels.masked.window import Window
rng = np.random.default_rng(0)
for shape, groups in (((37, 5, 3, 3), 1), ((37, 1, 3, 3), 37)):
    weights, bias = rng.normal(size=shape).astype("f"), rng.normal(size=37).astype("f")
    x, mask = rng.normal(size=(9, 8, shape[1] * groups)).astype("f"), rng.random((9, 8)) < 0.7
    out = np.zeros((9, 8, 37), "f")
    MaskedConv(weights, bias, pads=(1, 1, 1, 1), groups=groups, activation=SILU_CURVE).run(x, mask, out)
    window = Window((3, 3), pads=(1, 1, 1, 1))
    dense = reference.activate(reference.convolve(x, weights, bias, window, groups), SILU_CURVE)
    assert np.abs(out - dense)[mask].max() < 1e-4 and not out[~mask].any()
mask = (rng.random((9, 37)) < 0.3).astype(np.uint8)
for stride in (1, 2, 3):
    window = Window((3, 3), (stride, stride), (1, 1, 1, 1))
    expected = reference.through(mask.astype(bool), window)
    out, found = np.empty(expected.shape, np.uint8), np.empty(expected.size + 1, np.int32)
    count = spread_and_list(mask, geometry_of(window), out, np.zeros((0, 0), np.uint8), found)
    assert np.array_equal(out.astype(bool), expected)
    assert np.array_equal(found[:count], positions_of(expected))
for kind in (np.uint8, np.float32):
    now = rng.integers(1, 255, (3, 9, 37)).astype("f")
    used = (now + rng.choice([0, 1], now.shape, p=[0.9, 0.1])).astype(kind)
    expected = reference.changed(used.astype("f"), now, 0.5, 4)
    assert update_changed(now, used, np.float32(0.5), 4, mask) == expected.sum()
    assert np.array_equal(mask.astype(bool), expected)
print(tile.PLACES, tile.CHANNELS)
"""


TARGETS = {"haswell": "+avx2,+fma,+avx", "nehalem": "+sse4.2"}


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """One for each target, all at once: what takes time in each is compiling, on one core."""
    started = {}
    for processor, features in TARGETS.items():
        cache = str(tmp_path_factory.mktemp(processor))
        names = {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": cache}
        started[processor] = subprocess.Popen(
            [sys.executable, "-c", CODE],
            env={**os.environ, **names, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    yield started
    for process in started.values():
        with process:  # whose end closes the pipes
            process.kill()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names processors of x86-64")
@pytest.mark.parametrize("processor", TARGETS)
def test_targets_without_wide_vectors(processor, processes):
    output, errors = processes[processor].communicate()
    assert processes[processor].returncode == 0, errors
    assert output.split() == ["6", "16"]
