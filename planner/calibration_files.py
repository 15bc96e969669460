"""Calibration inputs from files: arrays or pictures."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planner.calibration import DEFAULT_INPUTS, Feeds, calibration_from_arrays, random_calibration
from shared.card import Card
from shared.errors import CardError, InputError
from shared.graph import Graph
from shared.pictures import decode_picture
from shared.preprocess import input_range, preprocess

_PICTURES: Final = frozenset({".jpg", ".jpeg", ".png"})


def calibration_source(model: Path) -> Path | None:
    """``NAME.calibration.npz`` or the folder ``NAME.calibration/`` beside a model, or None."""
    # with_suffix would cut a stem such as squeezenet1.1
    arrays, pictures = (model.parent / f"{model.stem}.calibration{suffix}" for suffix in (".npz", ""))
    if arrays.is_file():
        return arrays
    return pictures if pictures.is_dir() else None


def calibration_feeds(graph: Graph, card: Card | None, source: Path | None) -> tuple[Feeds, ...]:
    """Feeds from an ``.npz`` of inputs by name or a folder of pictures; None: seeded random ones.

    Raises InputError for arrays or pictures that do not fit, CardError for pictures without a card.
    """
    count = card.calibration.samples if card else DEFAULT_INPUTS
    if source is None:
        return random_calibration(graph, *(input_range(card) if card else ()))
    if source.is_dir():
        return _from_pictures(card, source, count)
    return calibration_from_arrays(graph, _read_arrays(source), count)


def feeds_digest(feeds: Sequence[Feeds]) -> str:
    """sha256 over names, types, shapes and values."""
    total = hashlib.sha256()
    for sample in feeds:
        for name, array in sorted(sample.items()):
            total.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as problem:
        raise InputError(f"cannot read {path.name}: {' '.join(str(problem).split())[:200]}") from None


def _from_pictures(card: Card | None, folder: Path, count: int) -> tuple[Feeds, ...]:
    if card is None:
        raise CardError(f"{folder.name} holds pictures, but there is no model card to read them by")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURES)
    if not paths:
        raise InputError(f"no JPEG or PNG pictures in {folder.name}")
    picked = np.unique(np.linspace(0, len(paths) - 1, min(count, len(paths))).astype(int))
    return tuple(dict(preprocess(card, decode_picture(paths[at].read_bytes()))) for at in picked)
