"""Query samples of LoadGen: requests made of pictures, or of seeded noise of the network's input shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from evosplit.library.client.calls import frame_call, infer_call
from evosplit.library.client.transport import Call
from evosplit.shared.card import check_card, load_card
from evosplit.shared.errors import InputError, UsageError
from evosplit.shared.graph import load_graph
from evosplit.shared.input_picture import read_picture
from evosplit.shared.oip.datatypes import numpy_dtype
from evosplit.shared.pictures import SUFFIXES
from evosplit.shared.preprocess import preprocess

_NOISE: Final = 64


class Sample(Protocol):
    """One input, sent as often as LoadGen asks."""

    def call(self) -> Call:
        """A new request with it."""


@dataclass(frozen=True)
class PictureSample:
    """A picture file for an edge agent, which decodes and scales it."""

    content: bytes = field(repr=False)

    def call(self) -> Call:
        """A frame with an id of its own: one with an old id would not be run again."""
        return frame_call(self.content, None, None, "planned")


@dataclass(frozen=True)
class TensorSample:
    """Tensors by input, for either tier."""

    model: str
    tensors: Mapping[str, NDArray[Any]] = field(repr=False)

    def call(self) -> Call:
        """An inference of the whole network."""
        return infer_call(self.model, self.tensors, is_repeatable=False)


def picture_samples(folder: Path) -> list[Sample]:
    """The pictures of a folder as they are. Raises UsageError for a folder without any."""
    return [PictureSample(path.read_bytes()) for path in _pictures(folder)]


def preprocessed_samples(folder: Path, model: str, onnx_file: Path, card_file: Path) -> list[Sample]:
    """The pictures of a folder as tensors. Raises UsageError, CardError, InputError."""
    card = check_card(load_card(card_file), load_graph(onnx_file))
    contents = [path.read_bytes() for path in _pictures(folder)]
    return [TensorSample(model, preprocess(card, read_picture(card, content).pixels)) for content in contents]


def noise_samples(model: str, metadata: Mapping[str, Any]) -> list[Sample]:
    """Standard normal inputs by the network's metadata (Open Inference Protocol). Raises InputError."""
    rng = np.random.default_rng(0)
    return [TensorSample(model, _noise(metadata, rng)) for _ in range(_NOISE)]


def _noise(metadata: Mapping[str, Any], rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    tensors = {}
    for told in metadata["inputs"]:
        if told["datatype"] == "BYTES" or min(told["shape"], default=1) < 1:
            raise InputError(f"noise does not fit the input {told['name']!r}: give pictures and a card")
        dtype = numpy_dtype(told["datatype"])
        is_real = dtype.kind == "f"
        values = rng.standard_normal(told["shape"]) if is_real else rng.integers(0, 2, told["shape"])
        tensors[told["name"]] = values.astype(dtype)
    return tensors


def _pictures(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise UsageError(f"no pictures in {folder}")
    return paths
