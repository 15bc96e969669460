"""Key frame of a stream: all codes as they are, or multiples of some number of steps."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

import numpy as np

from evosplit.edge.streams.budget import Fitting, Outlook, heads_bytes, noise_of, unrestored
from evosplit.edge.streams.code_epoch import Wire
from evosplit.edge.streams.delta_frames import Coded, key_frame
from evosplit.kernels.expected_bytes import coarser_counts, coarser_noise, expected_bytes
from evosplit.kernels.nearer_codes import from_zero, multiples
from evosplit.shared.wire import Frame

_APART: Final = np.array([1, *(step << octave for octave in range(15) for step in (2, 3))], np.float64)
"""Steps that codes may be apart: two an octave."""


@dataclass(frozen=True, eq=False)
class CoarseKey:
    """A frame that stands alone, whatever base it names, as a `evosplit.edge.streams.budget.Way`."""

    frame: Frame
    wire: Wire
    codes: Coded
    usual_factor: ClassVar[float] = 1.03
    """What zstd makes of codes with gaps between them."""

    def whole(self) -> Fitting:
        """All codes as they are."""
        return Fitting(key_frame(self.frame, self.wire, self.codes), self.codes, 0.0)

    def made(self, number: int) -> Fitting:
        """Coarser ones; contexts make little of codes with gaps between them."""
        usual = ((name, dataclasses.replace(code, codec=None)) for name, code in self.wire.codes)
        coarse = tuple(multiples(each, int(_APART[number])) for each in self.codes)
        content = key_frame(
            unrestored(self.frame, self.wire), dataclasses.replace(self.wire, codes=tuple(usual)), coarse
        )
        return Fitting(content, coarse, noise_of(coarse, self.codes))

    @cached_property
    def outlook(self) -> Outlook:
        """By the codes' histograms; what is not quantised stays as it is."""
        size_bytes, noise = np.zeros(_APART.size), np.zeros(_APART.size)
        for each in self.codes:
            histogram = from_zero(each)
            if histogram is None:
                size_bytes += each.codes.nbytes
            else:
                size_bytes += expected_bytes(coarser_counts(histogram, _APART))
                noise += coarser_noise(histogram, _APART)
        return Outlook(size_bytes, noise, heads_bytes(self.frame, self.wire, self.codes))
