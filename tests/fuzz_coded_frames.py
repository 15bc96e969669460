"""Fuzzing of entropy-coded frames: ``python -m tests.fuzz_coded_frames [FRAMES] [SEED]``, by default 10^6.

Payloads of whole tensors and of deltas are mutated inside frames whose lengths and checksum are right, so
that all of them reach the coder.
Ends with exit status 1 at the first that is neither decoded to codes in range nor refused with a WireError.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from typing import Final

import numpy as np

from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.delta import apply_delta, encode_delta
from evosplit.kernels.unpacked_codes import Codes, to_codes
from evosplit.shared.errors import WireError
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire import EncodedTensor, Frame, StreamHead, decode_frame, encode_frame
from tests.mutations import mutated

FRAMES: Final = 10**6
SLOW_S: Final = 1.0
"""No frame of so few codes may take so long, even on a busy machine."""
_SHAPES: Final = ((2, 5, 6), (9, 4, 4), (40,), (4, 52, 50))
_HEAD: Final = StreamHead(1, "fuzz", 2, 1, 8, 0)
_LARGE_EVERY: Final = 100


@dataclasses.dataclass(frozen=True)
class Known:
    """A good tensor, and what it is a delta of; None where it is whole."""

    tensor: EncodedTensor
    base: Codes | None = None


def known_tensors() -> list[Known]:
    """Good ones of several shapes and widths, the large ones, of four states, last."""
    rng = np.random.default_rng(0)
    known = []
    for shape in _SHAPES:
        first, second = rng.laplace(size=(2, *shape)).astype(np.float32)
        for code in (TensorCode(bits, -4.0, 4.0, "rans") for bits in (2, 4, 8)):
            base, now = to_codes("x", first, code), to_codes("x", first + second / 8, code)
            known.append(Known(encode_tensor("x", first, code)))
            known.append(Known(encode_delta(base, now, 8, 0, "rans")[0], base))
    return [each for each in known if each.tensor.codec.startswith("rans")]


def is_decoded(rng: np.random.Generator, known: Known) -> bool:
    """Whether a mutated frame was decoded; False where it was refused as it should be."""
    payload = mutated(rng, bytes(known.tensor.payload))
    head = None if known.base is None else _HEAD
    changed = dataclasses.replace(known.tensor, payload=payload)
    try:
        (tensor,) = decode_frame(encode_frame(Frame("f", 64 * "0", "1", (changed,), head))).tensors
        values = decode_tensor(tensor) if known.base is None else apply_delta(known.base, tensor, 8).values()
    except WireError:
        return False
    if values.shape != tensor.shape or not np.isfinite(values).all():
        raise SystemExit(f"a mutated frame gave wrong values: {payload.hex()}")
    return True


def main() -> None:
    """Mutate so many frames, most of them small."""
    count, seed = (int(given) for given in (*sys.argv[1:], *(str(FRAMES), "0")[len(sys.argv) - 1 :]))
    rng, known = np.random.default_rng(seed), known_tensors()
    small = [each for each in known if each.tensor.elements < 1000]
    decoded, slowest_s = 0, 0.0
    for each in known:
        is_decoded(rng, each)
    for turn in range(count):
        some = known if turn % _LARGE_EVERY == 0 else small
        started_s = time.process_time()
        decoded += is_decoded(rng, some[turn // _LARGE_EVERY % len(some)])
        slowest_s = max(slowest_s, time.process_time() - started_s)
    sys.stdout.write(
        f"{count} frames: {decoded} decoded, the rest refused; slowest {1e3 * slowest_s:.1f} ms\n"
    )
    if slowest_s > SLOW_S:
        sys.exit(1)


if __name__ == "__main__":
    main()
