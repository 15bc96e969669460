"""Training and calibration reservoirs of a sampler: one balanced, one true to the stream."""

from __future__ import annotations

from random import Random
from typing import Final

import numpy as np

from evosplit.edge.hook_learning.heavy_hitters import HeavyHitters
from evosplit.edge.hook_learning.reservoirs import BalancedReservoir, UniformReservoir
from evosplit.edge.hook_training.sample_layout import (
    ANSWER_BYTES,
    FIXED_BYTES,
    PLACE_BYTES,
    Layout,
    allocate_samples,
    most_answers,
)
from evosplit.edge.hook_training.samples import Sample, Samples

HELD_SHARE: Final = 0.4
"""Of the samples, those kept apart from training."""


class SamplePools:
    """All that a sampler keeps once it knows the shapes of its samples. Used by one thread at a time.

    A sample goes to one of the reservoirs by chance and never changes over, so that nothing that a classifier
    was ever trained on measures it.
    """

    def __init__(self, layout: Layout, limit_bytes: int) -> None:
        capacity = layout.capacity(limit_bytes)
        held = int(capacity * HELD_SHARE)
        self.layout, self.most = layout, most_answers(capacity)
        self.names = HeavyHitters(self.most)
        self.balanced, self.uniform = BalancedReservoir(capacity - held, self.most), UniformReservoir(held)
        self.train, self.held = allocate_samples(layout, capacity - held), allocate_samples(layout, held)

    def offer(self, sample: Sample, random: Random) -> bool:
        """Whether the sample is kept."""
        named = self.names.code(sample.answer)
        if named.lost is not None:
            self._rename(named.lost)
        if random.random() < HELD_SHARE:
            place, shelf = self.uniform.place(random), self.held
        else:
            place, shelf = self.balanced.place(named.code, random), self.train
        if place is not None:
            shelf.put(place, sample, named.code)
        return place is not None

    def samples(self) -> Samples:
        """A copy."""
        used = (self.train.arrays(self.balanced.used), self.held.arrays(self.uniform.used))
        joined = {name: np.concatenate([used[0][name], used[1][name]]) for name in used[0]}
        counts = [len(arrays["codes"]) for arrays in used]
        return Samples(
            features=joined["features"],
            codes=joined["codes"].astype(np.int64),
            answers=self.names.all(),
            outputs={
                name.removeprefix("output "): joined[name] for name in joined if name.startswith("output ")
            },
            held=np.repeat([False, True], counts),
            slots=np.concatenate([np.arange(count) for count in counts]),
        )

    @property
    def size_bytes(self) -> int:
        """What is allocated, with the most that names and lists can take."""
        places = len(self.train.codes) + len(self.held.codes)
        shelves = self.train.size_bytes + self.held.size_bytes
        return FIXED_BYTES + self.most * ANSWER_BYTES + places * (PLACE_BYTES - 4) + shelves

    def _rename(self, lost: int) -> None:
        """The samples of an answer that lost its name are others' now."""
        self.balanced.merge(lost)
        for shelf, used in ((self.train, self.balanced.used), (self.held, self.uniform.used)):
            shelf.codes[:used][shelf.codes[:used] == lost] = 0
