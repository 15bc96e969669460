"""Inputs that the planner measures quantisation errors on, from beside the model."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cloud.registry import Model
from planner.calibration import DEFAULT_INPUTS, Feeds, calibration_from_arrays, random_calibration
from shared.errors import CardError, InputError
from shared.pictures import decode_picture
from shared.preprocess import input_range, preprocess

_PICTURES: Final = frozenset({".jpg", ".jpeg", ".png"})


def calibration_feeds(model: Model) -> tuple[Feeds, ...]:
    """Feeds from ``NAME.calibration.npz`` or the pictures in ``NAME.calibration/``, else seeded random ones.

    Raises InputError for arrays or pictures that do not fit, CardError for pictures without a card.
    """
    arrays, pictures = _places(model)
    count = DEFAULT_INPUTS if model.card is None else model.card.calibration.samples
    if arrays.is_file():
        return calibration_from_arrays(model.graph, _read_arrays(arrays), count)
    if pictures.is_dir():
        return _from_pictures(model, pictures, count)
    return _random(model)


def has_calibration(model: Model) -> bool:
    """Whether there are real inputs beside the model; without them the errors are those of noise."""
    arrays, pictures = _places(model)
    return arrays.is_file() or pictures.is_dir()


def feeds_digest(feeds: Sequence[Feeds]) -> str:
    """sha256 over names, types, shapes and values."""
    total = hashlib.sha256()
    for sample in feeds:
        for name, array in sorted(sample.items()):
            total.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def _places(model: Model) -> tuple[Path, Path]:
    folder, stem = model.path.parent, model.path.stem  # with_suffix would cut a stem such as squeezenet1.1
    return folder / f"{stem}.calibration.npz", folder / f"{stem}.calibration"


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as problem:
        raise InputError(f"cannot read {path.name}: {' '.join(str(problem).split())[:200]}") from None


def _from_pictures(model: Model, folder: Path, count: int) -> tuple[Feeds, ...]:
    if model.card is None:
        raise CardError(f"{folder.name} holds pictures, but {model.name} has no card to read them by")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURES)
    if not paths:
        raise InputError(f"no JPEG or PNG pictures in {folder.name}")
    picked = np.unique(np.linspace(0, len(paths) - 1, min(count, len(paths))).astype(int))
    return tuple(dict(preprocess(model.card, decode_picture(paths[at].read_bytes()))) for at in picked)


def _random(model: Model) -> tuple[Feeds, ...]:
    if model.card is None:
        return random_calibration(model.graph)
    low, high = input_range(model.card)
    return random_calibration(model.graph, low, high)
