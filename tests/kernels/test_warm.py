"""A warmed cache holds every kernel that encoding, decoding and comparing pictures need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
USE = """
import numpy as np
from evosplit.kernels.block_means import block_means
from evosplit.kernels.lighting import largest_change
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.unpacked_codes import decode_whole, encode_whole, to_codes
from evosplit.kernels.delta import apply_delta, encode_delta
from evosplit.kernels.quantise import fake_quantise
from evosplit.shared.plan import TensorCode
x = np.ones((3, 5), np.float32)
for bits in (2, 3, 4, 5, 6, 7, 8, 16, 32):
    for axis in (None, 0, 1):
        for code in (TensorCode(bits), TensorCode(bits, 0.0, 2.0)):
            decode_tensor(encode_tensor("x", x, code, axis))
    for dtype in (np.float32, np.float64, np.int64):
        code = TensorCode(bits, 0.0, 2.0)
        base, now = (to_codes("x", values.astype(dtype), code) for values in (x, 2 * x))
        for threshold in (0, 1):
            for known in (base, decode_whole(encode_whole(base))):
                apply_delta(known, encode_delta(known, now, 16, threshold)[0], 16).values()
for bits in (3, 8):
    decode_tensor(encode_tensor("x", np.eye(50, dtype=np.float32), TensorCode(bits, codec="rans"), 0))
fake_quantise(x, 3, axis=1)
maps = np.ones((3, 9, 9), np.float32)
for some in (maps, maps[:, 1:, 1:]):
    means = block_means(some, 4).reshape(3, -1)
    largest_change(means, means, 0.5, 2.0)
"""


def run(folder, *arguments):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, *arguments], env=environment, check=True, cwd=ROOT)
    return sorted(path.name for path in folder.rglob("*.nbc"))


def test_nothing_is_left_to_compile(tmp_path):
    warmed = run(tmp_path, "-m", "evosplit.kernels.warm")
    assert warmed
    assert run(tmp_path, "-c", USE) == warmed
