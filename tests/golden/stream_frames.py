"""Golden frames of streams: a key frame and two frames that build on it, one after the other.

``python tests/golden/stream_frames.py`` writes those that are missing; existing files are never rewritten.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from golden_frames import SHA256, ramp

from evosplit.kernels.delta import encode_delta
from evosplit.kernels.unpacked_codes import Codes, digest, encode_whole, to_codes
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire import Frame, StreamHead, encode_frame

FOLDER = Path(__file__).parent / "streams"
BLOCK = 8


def moved(array, *places):
    """Other values at some places of the flat array."""
    flat = array.copy().reshape(-1)
    flat[list(places)] = flat[list(places)] == 0
    return flat.reshape(array.shape)


FIRST = {
    "three": ramp(1, 2, 3, 7),
    "wide": ramp(5, 5),
    "half": ramp(9, dtype=np.float16),
    "ids": np.arange(5) - 2,
    "mask": np.array([True, False, True]),
}
CODES = {
    "three": TensorCode(3, -8.0, 8.0),
    "wide": TensorCode(16, -8.0, 8.0),
    "half": TensorCode(8, -8.0, 8.0),
    "ids": TensorCode(32),
    "mask": TensorCode(32),
}
SECOND = {**FIRST, "three": moved(FIRST["three"], 0, 41), "ids": moved(FIRST["ids"], 4)}
THIRD = {**{name: moved(array, 1) for name, array in SECOND.items()}, "three": SECOND["three"]}
VALUES = {"key": FIRST, "delta": SECOND, "later": THIRD}
BASES = {"key": 0, "delta": 41, "later": 43}


def codes_of(name: str) -> tuple[Codes, ...]:
    return tuple(to_codes(key, array, CODES[key]) for key, array in VALUES[name].items())


def golden_stream(name: str) -> Frame:
    codes = codes_of(name)
    numbers = {"key": 41, "delta": 43, "later": 44}
    head = StreamHead(
        client=0x0123456789ABCDEF,
        stream="Gate-ü",
        sequence=numbers[name],
        base=BASES[name],
        block=BLOCK,
        digest=digest(codes),
        keep=name != "later",
    )
    if name == "key":
        tensors = tuple(encode_whole(each, "none") for each in codes)
    else:
        base = codes_of("key" if name == "delta" else "delta")
        pairs = zip(base, codes, strict=True)
        tensors = tuple(encode_delta(before, now, BLOCK, compressed=False)[0] for before, now in pairs)
    return Frame(f"golden-{name}", SHA256, "7", tensors, head)


def main() -> None:
    for name in VALUES:
        path = FOLDER / f"{name}.evs"
        if not path.exists():
            path.write_bytes(encode_frame(golden_stream(name)))


if __name__ == "__main__":
    main()
