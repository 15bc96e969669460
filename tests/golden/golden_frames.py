"""What the golden files hold, from integer arithmetic alone, so that no library can change it.

``python tests/golden/golden_frames.py`` writes those that are missing; existing files are never rewritten.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from evosplit.kernels.codec import encode_tensor
from evosplit.shared.plan import TensorCode, restoration_names
from evosplit.shared.wire import Frame, encode_frame

FOLDER = Path(__file__).parent
SHA256 = "00112233445566778899aabbccddeeff" * 2


def ramp(*shape, offset=50, dtype=np.float32):
    """Values -offset/8 .. (100 - offset)/8 in a fixed scrambled order; eighths are exact in float16."""
    count = int(np.prod(shape))
    return ((np.arange(count) * 37 % 101 - offset) / 8).astype(dtype).reshape(shape)


def sparse(*shape):
    """Mostly zeros, as after a ReLU, so that zstd gains."""
    return np.maximum(ramp(*shape, offset=70), 0)


def one(array, bits, axis=None, **span):
    return (("x", array, TensorCode(bits, **span), axis),)


CONTENTS = {
    **{f"affine-{bits}": one(ramp(1, 3, 5), bits) for bits in (2, 3, 4, 5, 6, 7, 8, 16)},
    "raw-32": one(ramp(1, 3, 5), 32),
    "channels-0-of-3": one(ramp(3, 5, 2) * np.array([1, 2, 4], np.float32).reshape(3, 1, 1), 5, axis=0),
    "channels-last": one(ramp(4, 3), 3, axis=1),
    "calibrated-range": one(ramp(7), 4, low=0.0, high=6.0),
    "zstd-4": one(sparse(1, 8, 16, 16), 4),
    "zstd-8-channels": one(sparse(1, 4, 16, 16), 8, axis=1),
    "zstd-raw": one(sparse(1, 4, 16, 16), 32),
    "rans-4": one(sparse(1, 8, 16, 16), 4, codec="rans"),
    "rans-3-signed": one(ramp(1, 5, 9, 11), 3, low=-8.0, high=8.0, codec="rans"),
    "rans-8-four-states": one(ramp(1, 6, 40, 40) ** 3, 8, codec="rans"),
    "rans-channels": one(sparse(1, 4, 16, 16), 5, axis=1, codec="rans"),
    "rans-restored": (
        ("block3/Add", ramp(1, 5, 9, 11), TensorCode(3, -8.0, 8.0, "rans", None, "00ff89abcdef4567"), None),
        ("mask", np.array([[True, False]]), TensorCode(32), None),
    ),
    "rans-components": (
        (
            "block4/Add",
            ramp(1, 5, 9, 11),
            TensorCode(4, -8.0, 8.0, "rans", None, *2 * ("5d0c0ffee0123456",)),
            None,
        ),
    ),
    "float16": one(ramp(9, dtype=np.float16), 6),
    "float64": one(ramp(9, dtype=np.float64), 6),
    "int64": one(np.array([[-(2**62), -1], [0, 2**62]]), 4),
    "bool": one(np.array([True, False, True]), 32),
    "scalar": one(np.array(-2.5, np.float32), 3),
    "empty": one(np.zeros((1, 0, 4), np.float32), 7),
    "no-tensors": (),
    "several": (
        ("conv1/Relu:0", sparse(1, 4, 6, 6), TensorCode(4), None),
        ("block2/Add", ramp(1, 2, 3), TensorCode(7), None),
        ("mask", np.array([[True, False]]), TensorCode(32), None),
        ("shape", np.array([1, -1], np.int64), TensorCode(32), None),
        ("层/输出", ramp(2), TensorCode(32), None),
    ),
}


def golden_frame(name):
    tensors = tuple(encode_tensor(*tensor) for tensor in CONTENTS[name])
    restorations = restoration_names(code for _, _, code, _ in CONTENTS[name])
    return Frame(f"golden-{name}", SHA256, "x1f" if name == "several" else "12", tensors, None, restorations)


def main():
    for name in CONTENTS:
        path = FOLDER / f"{name}.evs"
        if not path.exists():
            path.write_bytes(encode_frame(golden_frame(name)))


if __name__ == "__main__":
    main()
