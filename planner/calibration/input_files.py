"""Calibration inputs from files: arrays or pictures."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os.path import lexists
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.errors.calibration_inputs import (
    Feeds,
    calibration_from_arrays,
    random_calibration,
    spread,
)
from evosplit.planner.calibration.labels import LABELS_ARRAY, Label, array_labels, picture_labels
from evosplit.planner.calibration.picture_inputs import PictureFeeds, pictures_in
from evosplit.shared.card import Card
from evosplit.shared.errors import CardError, InputError
from evosplit.shared.graph import Graph
from evosplit.shared.pictures import known_kinds
from evosplit.shared.preprocess import input_range
from evosplit.shared.serial import digest

JUDGED_INPUTS: Final = 1000


@dataclass(frozen=True)
class LabelledFeeds:
    """Inputs, read as they are asked for where they are pictures, and their labels if there are any."""

    feeds: Sequence[Feeds]
    labels: tuple[Label, ...] | None


def calibration_source(model: Path) -> Path | None:
    """``NAME.calibration.npz`` or the folder ``NAME.calibration/`` beside a model, or None."""
    # with_suffix would cut a stem such as squeezenet1.1
    arrays, pictures = (model.parent / f"{model.stem}.calibration{suffix}" for suffix in (".npz", ""))
    return next((source for source in (arrays, pictures) if lexists(source)), None)


def noise_feeds(graph: Graph, card: Card | None) -> tuple[Feeds, ...]:
    """Seeded random inputs within the card's range: for experiments with made-up weights, not for plans."""
    return random_calibration(graph, *(input_range(card) if card else ()))


def labelled_feeds(
    graph: Graph, card: Card | None, source: Path, count: int = JUDGED_INPUTS
) -> LabelledFeeds:
    """At most ``count`` inputs from an ``.npz`` of inputs by name or a folder of pictures, evenly spread.

    Raises InputError for arrays, pictures or labels that do not fit, CardError for pictures without a card.
    """
    if source.is_dir():
        pictures = _pictures(card, source, count)
        return LabelledFeeds(pictures, picture_labels(source, pictures.names))
    arrays = _read_arrays(source)
    return labelled_arrays(graph, _inputs_of(arrays), array_labels(arrays), count)


def labelled_arrays(
    graph: Graph,
    arrays: Mapping[str, NDArray[Any]],
    labels: tuple[Label, ...] | None = None,
    count: int = JUDGED_INPUTS,
) -> LabelledFeeds:
    """At most ``count`` inputs from arrays by input name ``(samples, ...)``, and their labels, evenly spread.

    Raises InputError.
    """
    feeds = calibration_from_arrays(graph, arrays, count)
    if labels is None:
        return LabelledFeeds(feeds, None)
    length = max(map(len, arrays.values()), default=0)
    if len(labels) != length:
        raise InputError(f"there are {len(labels)} labels for {length} calibration inputs")
    return LabelledFeeds(feeds, tuple(labels[index] for index in spread(length, count)))


def feeds_digest(feeds: Sequence[Feeds]) -> str:
    """sha256 over names, types, shapes and values."""
    total = hashlib.sha256()
    for sample in feeds:
        for name, array in sorted(sample.items()):
            total.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def files_fingerprint(source: Path | None) -> str:
    """A digest that changes with the files of a source, by their names, sizes and times; "" for None.

    It reads none of them: enough to notice that plans were made for other inputs.
    """
    if source is None:
        return ""
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    states = [(path.name, path.stat()) for path in files if path.is_file()]
    return digest([[name, state.st_size, state.st_mtime_ns] for name, state in states])


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as problem:
        raise InputError(f"cannot read {path.name}: {' '.join(str(problem).split())[:200]}") from None


def _inputs_of(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name: array for name, array in arrays.items() if name != LABELS_ARRAY}


def _pictures(card: Card | None, folder: Path, count: int) -> PictureFeeds:
    if card is None:
        raise CardError(f"{folder.name} holds pictures, but there is no model card to read them by")
    paths = pictures_in(folder)
    if not paths:
        raise InputError(f"no pictures ({known_kinds()}) in {folder.name}")
    return PictureFeeds(card, [paths[index] for index in spread(len(paths), count)])
