"""Mutated bytes for fuzzing decoders."""

from __future__ import annotations

import numpy as np


def mutated(rng, payload):
    """Bytes changed, cut off, doubled or made up."""
    kind = rng.integers(5)
    changed = bytearray(payload)
    if kind == 0:
        return bytes(rng.integers(0, 256, rng.integers(0, 400), dtype=np.uint8))
    if kind == 1:
        return payload[: rng.integers(len(payload))]
    if kind == 2:
        at = int(rng.integers(len(payload)))
        return payload[:at] + payload[at : at + 40] + payload[at:]
    for _ in range(1 if kind == 3 else rng.integers(1, 20)):
        changed[rng.integers(min(len(changed), 24 if rng.integers(2) else len(changed)))] = rng.integers(256)
    return bytes(changed)
