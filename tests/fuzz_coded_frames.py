"""Fuzzing of entropy-coded frames: ``python -m tests.fuzz_coded_frames [FRAMES] [SEED]``, by default 10^6.

Payloads are mutated inside frames whose lengths and checksum are right, so that all of them reach the coder.
Ends with exit status 1 at the first that is neither decoded to codes in range nor refused with a WireError.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from typing import Final

import numpy as np

from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.shared.errors import WireError
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire import EncodedTensor, Frame, decode_frame, encode_frame
from tests.mutations import mutated

FRAMES: Final = 10**6
SLOW_S: Final = 1.0
"""No frame of so few codes may take so long, even on a busy machine."""
_SHAPES: Final = ((2, 5, 6), (9, 4, 4), (40,), (4, 50, 50))
_LARGE_EVERY: Final = 100


def known_tensors() -> list[EncodedTensor]:
    """Good ones of several shapes and widths, the large ones, of four states, last."""
    arrays = [np.random.default_rng(0).laplace(size=shape).astype(np.float32) for shape in _SHAPES]
    codes = [TensorCode(bits, -4.0, 4.0, "rans") for bits in (2, 4, 8)]
    found = [encode_tensor("x", values, code) for values in arrays for code in codes]
    return [tensor for tensor in found if tensor.codec == "rans"]


def one(rng: np.random.Generator, tensor: EncodedTensor) -> bool:
    """Whether a mutated frame was decoded; False where it was refused as it should be."""
    payload = mutated(rng, bytes(tensor.payload))
    try:
        content = encode_frame(Frame("f", 64 * "0", "1", (dataclasses.replace(tensor, payload=payload),)))
        values = decode_tensor(decode_frame(content).tensors[0])
    except WireError:
        return False
    if values.shape != tensor.shape or not np.isfinite(values).all():
        raise SystemExit(f"a mutated frame gave wrong values: {payload.hex()}")
    return True


def main() -> None:
    """Mutate so many frames, most of them small."""
    count, seed = (int(given) for given in (*sys.argv[1:], *(str(FRAMES), "0")[len(sys.argv) - 1 :]))
    rng, known = np.random.default_rng(seed), known_tensors()
    small = [tensor for tensor in known if tensor.elements < 1000]
    decoded, slowest_s = 0, 0.0
    for tensor in known:
        one(rng, tensor)
    for turn in range(count):
        some = known if turn % _LARGE_EVERY == 0 else small
        started_s = time.process_time()
        decoded += one(rng, some[turn // _LARGE_EVERY % len(some)])
        slowest_s = max(slowest_s, time.process_time() - started_s)
    sys.stdout.write(
        f"{count} frames: {decoded} decoded, the rest refused; slowest {1e3 * slowest_s:.1f} ms\n"
    )
    if slowest_s > SLOW_S:
        sys.exit(1)


if __name__ == "__main__":
    main()
