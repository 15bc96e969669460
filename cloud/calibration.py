"""Inputs that the planner measures quantisation errors on."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cloud.registry import Model
from shared.errors import CardError, InputError
from shared.graph import Tensor
from shared.pictures import decode_picture
from shared.preprocess import input_range, preprocess

Sample = dict[str, NDArray[Any]]

_PICTURES: Final = frozenset({".jpg", ".jpeg", ".png"})
_MAX_SAMPLES: Final = 32
_RANDOM_SAMPLES: Final = 8


def calibration_samples(model: Model) -> tuple[Sample, ...]:
    """Feeds from ``NAME.calibration.npz`` or the pictures in ``NAME.calibration/``, else seeded random ones.

    Raises InputError for arrays or pictures that do not fit, CardError for pictures without a card.
    """
    arrays = model.path.with_suffix(".calibration.npz")
    pictures = model.path.with_suffix(".calibration")
    if arrays.is_file():
        return _from_arrays(model, arrays)
    if pictures.is_dir():
        return _from_pictures(model, pictures)
    return _random(model)


def has_calibration(model: Model) -> bool:
    """Whether there are inputs beside the model; without them the errors are those of noise."""
    return (
        model.path.with_suffix(".calibration.npz").is_file()
        or model.path.with_suffix(".calibration").is_dir()
    )


def samples_digest(samples: Sequence[Sample]) -> str:
    """sha256 over names, types, shapes and values."""
    total = hashlib.sha256()
    for sample in samples:
        for name, array in sorted(sample.items()):
            total.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def _from_arrays(model: Model, path: Path) -> tuple[Sample, ...]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in model.graph.inputs}
    except KeyError as missing:
        raise InputError(f"{path.name}: no array for input {missing}") from None
    except (OSError, ValueError, zipfile.BadZipFile) as problem:
        raise InputError(f"cannot read {path.name}: {' '.join(str(problem).split())[:200]}") from None
    count = min(_limit(model), *(len(array) if array.ndim else 0 for array in arrays.values()))
    if not count:
        raise InputError(f"{path.name} holds no samples")
    described = [model.graph.tensors[name] for name in model.graph.inputs]
    return tuple(
        {item.name: _one(path, item, arrays[item.name][index]) for item in described}
        for index in range(count)
    )


def _one(path: Path, wanted: Tensor, array: NDArray[Any]) -> NDArray[Any]:
    if array.size != wanted.elements:
        raise InputError(f"{path.name}: a sample of {wanted.name} is {list(array.shape)}, not {wanted.shape}")
    return array.astype(wanted.dtype).reshape(wanted.shape)


def _from_pictures(model: Model, folder: Path) -> tuple[Sample, ...]:
    if model.card is None:
        raise CardError(f"{folder.name} holds pictures, but {model.name} has no card to read them by")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURES)[: _limit(model)]
    if not paths:
        raise InputError(f"no JPEG or PNG pictures in {folder.name}")
    return tuple(dict(preprocess(model.card, decode_picture(path.read_bytes()))) for path in paths)


def _random(model: Model) -> tuple[Sample, ...]:
    """Noise within the card's range, standard normal without a card; integers 0 or 1."""
    rng = np.random.default_rng(0)
    described = [model.graph.tensors[name] for name in model.graph.inputs]
    return tuple({item.name: _noise(model, item, rng) for item in described} for _ in range(_RANDOM_SAMPLES))


def _noise(model: Model, wanted: Tensor, rng: np.random.Generator) -> NDArray[Any]:
    if not wanted.is_float:
        return rng.integers(0, 2, wanted.shape).astype(wanted.dtype)
    if model.card is None:
        return rng.standard_normal(wanted.shape).astype(wanted.dtype)
    return rng.uniform(*input_range(model.card), wanted.shape).astype(wanted.dtype)


def _limit(model: Model) -> int:
    return _MAX_SAMPLES if model.card is None else model.card.calibration.samples
