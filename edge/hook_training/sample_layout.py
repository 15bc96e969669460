"""Array layout of samples, and how many bytes they take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.samples import Sample

FIXED_BYTES: Final = 16_384
"""Objects that there are once: the sampler, its lock, its generator, empty containers."""

ANSWER_BYTES: Final = 1024
"""An answer's name (at most `MAX_ANSWER` characters of 4 bytes), its counts and its list of places."""

PLACE_BYTES: Final = 16
"""A sample's code (4), and its entry in its answer's list, which may be half empty (2 x 4)."""

LEAST_PLACES: Final = 16
"""With room for fewer samples, none is kept: there would be nothing to learn from."""

MAX_ANSWER: Final = 128
"""Characters; longer answers are not sampled."""

_MOST_ANSWERS: Final = 1024
_PLACES_PER_ANSWER: Final = 8


@dataclass(frozen=True)
class Layout:
    """Shapes and dtypes of one sample; ``outputs`` as (name, shape, dtype string)."""

    width: int
    outputs: tuple[tuple[str, tuple[int, ...], str], ...]

    @property
    def sample_bytes(self) -> int:
        """The values of one sample."""
        sizes = (math.prod(shape) * np.dtype(kind).itemsize for _, shape, kind in self.outputs)
        return 4 * self.width + sum(sizes)

    def capacity(self, limit_bytes: int) -> int:
        """How many samples fit, with everything that is kept about them."""
        per_sample = self.sample_bytes + PLACE_BYTES + ANSWER_BYTES // _PLACES_PER_ANSWER
        spare = limit_bytes - FIXED_BYTES - 2 * ANSWER_BYTES
        return max(0, spare // per_sample)


def layout_of(sample: Sample) -> Layout:
    """The layout that fits a sample."""
    outputs = ((name, array.shape, array.dtype.str) for name, array in sample.outputs.items())
    return Layout(sample.features.shape[0], tuple(outputs))


def most_answers(capacity: int) -> int:
    """How many names are kept, `OTHER` included: an eighth of the samples, so that each has a few places."""
    return 2 + min(capacity // _PLACES_PER_ANSWER, _MOST_ANSWERS)


def fits(layout: Layout, sample: Sample) -> bool:
    """Whether a sample can be kept in a layout."""
    outputs = sample.outputs
    return (
        sample.features.shape == (layout.width,)
        and len(outputs) == len(layout.outputs)
        and all(
            name in outputs and outputs[name].shape == shape and outputs[name].dtype.str == kind
            for name, shape, kind in layout.outputs
        )
    )


@dataclass(frozen=True, eq=False)
class SampleArrays:
    """Room for samples: ``features`` `(n, d) float32`, ``codes`` `(n,) int32`, ``outputs`` `(n, *shape)`."""

    features: NDArray[np.float32]
    codes: NDArray[np.int32]
    outputs: Mapping[str, NDArray[Any]]

    def put(self, place: int, sample: Sample, code: int) -> None:
        """Copy a sample to a place."""
        self.features[place] = sample.features
        self.codes[place] = code
        for name, array in self.outputs.items():
            array[place] = sample.outputs[name]

    def arrays(self, count: int) -> dict[str, NDArray[Any]]:
        """Views of the first ``count`` places, by the names that they have in a file."""
        named = {f"output {name}": array[:count] for name, array in self.outputs.items()}
        return {"features": self.features[:count], "codes": self.codes[:count], **named}

    def part(self, start: int) -> SampleArrays:
        """The same memory from a place on."""
        outputs = {name: values[start:] for name, values in self.outputs.items()}
        return SampleArrays(self.features[start:], self.codes[start:], outputs)

    @property
    def size_bytes(self) -> int:
        """What is allocated."""
        outputs = sum(array.nbytes for array in self.outputs.values())
        return self.features.nbytes + self.codes.nbytes + outputs


def allocate_samples(layout: Layout, capacity: int) -> SampleArrays:
    """Allocated all at once; the system gives the pages when they are used."""
    outputs = {name: np.empty((capacity, *shape), kind) for name, shape, kind in layout.outputs}
    return SampleArrays(np.empty((capacity, layout.width), np.float32), np.empty(capacity, np.int32), outputs)
