"""Golden frames of streams: a key frame and two frames that build on it, one after the other.

``python tests/golden/stream_frames.py`` writes those that are missing; existing files are never rewritten.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from golden_frames import SHA256, ramp

from evosplit.kernels.delta import encode_delta
from evosplit.kernels.entropy_coding import encode_codes
from evosplit.kernels.unpacked_codes import Codes, digest, encode_whole, to_codes
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire import EncodedTensor, Frame, StreamHead, encode_frame

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
    "map": TensorCode(6, -8.0, 8.0, "rans"),
}
SECOND = {**FIRST, "three": moved(FIRST["three"], 0, 41), "ids": moved(FIRST["ids"], 4)}
THIRD = {**{name: moved(array, 1) for name, array in SECOND.items()}, "three": SECOND["three"]}
MAP = {"map": ramp(1, 8, 12, 16)}
OTHER_MAP = {"map": moved(MAP["map"], *range(0, 1500, 11))}
VALUES = {
    "key": FIRST,
    "delta": SECOND,
    "later": THIRD,
    "coded-key": MAP,
    "coded-delta": OTHER_MAP,
    "coded-on-base": OTHER_MAP,
}
BASES = {"key": 0, "delta": 41, "later": 43, "coded-key": 0, "coded-delta": 45, "coded-on-base": 45}
NUMBERS = {"key": 41, "delta": 43, "later": 44, "coded-key": 45, "coded-delta": 46, "coded-on-base": 47}


def codes_of(name: str) -> tuple[Codes, ...]:
    return tuple(to_codes(key, array, CODES[key]) for key, array in VALUES[name].items())


def coded_differences(base: Codes, now: Codes, tensor: EncodedTensor) -> EncodedTensor:
    """As version 3 codes a delta: differences in place of codes beside their base's."""
    half, top = np.uint8(2 ** (now.bits - 1)), np.uint8(2**now.bits - 1)
    payload = encode_codes((now.codes - base.codes + half) & top, now.shape, now.bits, tensor.packed_bytes)
    return dataclasses.replace(tensor, codec="rans", payload=payload or b"")


def golden_stream(name: str) -> Frame:
    codes = codes_of(name)
    head = StreamHead(
        client=0x0123456789ABCDEF,
        stream="Gate-ü",
        sequence=NUMBERS[name],
        base=BASES[name],
        block=BLOCK,
        digest=digest(codes),
        keep=name != "later",
    )
    codecs = [CODES[each.name].codec or "none" for each in codes]
    if not BASES[name]:
        tensors = tuple(map(encode_whole, codes, codecs))
    else:
        before = next(other for other, number in NUMBERS.items() if number == BASES[name])
        each = zip(codes_of(before), codes, codecs, strict=True)
        tensors = tuple(encode_delta(base, now, BLOCK, codec=codec)[0] for base, now, codec in each)
        if name == "coded-delta":
            tensors = tuple(map(coded_differences, codes_of(before), codes, tensors))
    return Frame(f"golden-{name}", SHA256, "7", tensors, head)


def main() -> None:
    for name in VALUES:
        path = FOLDER / f"{name}.evs"
        if not path.exists():
            path.write_bytes(encode_frame(golden_stream(name)))


if __name__ == "__main__":
    main()
