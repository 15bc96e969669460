"""Ways to send a boundary: the bit-widths of the present wire, and the steps of the entropy coder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.kernels.attention_masks import encode_travelling
from evosplit.kernels.codec import decode_tensor
from evosplit.kernels.errors.coded_steps import STEPS
from evosplit.kernels.errors.tensor_statistics import Watch, observed, wire_codes
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from evosplit.shared.wire import Frame, encode_frame

PRESENT_BITS: Final = (4, 5, 6, 8, 16)
Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Way:
    """How the tensors of one boundary travel."""

    kind: str
    setting: float
    codes: Mapping[str, TensorCode]

    def sent(self, tensors: Tensors) -> tuple[int, dict[str, np.ndarray]]:
        """Bytes of the frame, and what arrives."""
        encoded = tuple(encode_travelling(name, tensors[name], code) for name, code in self.codes.items())
        size = len(encode_frame(Frame(36 * "0", 64 * "0", "12", encoded)))
        return size, {one.name: decode_tensor(one) for one in encoded}


def ways(calibration: Sequence[Tensors]) -> list[Way]:
    """Bits of the present wire with zstd, and every step of the entropy coder; from calibration alone."""
    watches = {name: Watch() for name in calibration[0]}
    for tensors in calibration:
        for name, watch in watches.items():
            watch.add(observed(tensors[name], len(calibration)))
    present = {name: wire_codes(watch.ranges()) for name, watch in watches.items()}
    steps = {name: watch.steps() for name, watch in watches.items()}
    found = [
        Way("zstd", bits, {name: codes[bits] for name, codes in present.items()}) for bits in PRESENT_BITS
    ]
    for at, step in enumerate(STEPS):
        codes = {
            name: ladder[at].code if at < len(ladder) else TensorCode(FLOAT_BITS)
            for name, ladder in steps.items()
        }
        found.append(Way("rans", step, codes))
    return found
