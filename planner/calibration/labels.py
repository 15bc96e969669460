"""Labels of calibration inputs: beside pictures a ``labels.csv``, within arrays one named ``labels``."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from os.path import lexists
from pathlib import Path
from typing import Any, Final, TypeAlias

from numpy.typing import NDArray

from evosplit.shared.errors import InputError

Label: TypeAlias = int | str

LABELS_FILE: Final = "labels.csv"
LABELS_ARRAY: Final = "labels"


def picture_labels(folder: Path, files: Sequence[str]) -> tuple[Label, ...] | None:
    """The label of each file by ``labels.csv``, or None where there is no such file.

    Its columns are ``file`` and either ``class_index`` (from 0) or ``text``. Raises InputError where a
    picture has no label, or the file cannot be read.
    """
    known = known_labels(folder)
    if known is None:
        return None
    missing = [name for name in files if name not in known]
    if missing:
        raise InputError(f"{LABELS_FILE} has no label for {missing[0]}")
    return tuple(known[name] for name in files)


def known_labels(folder: Path) -> dict[str, Label] | None:
    """The labels of ``labels.csv`` by file, or None where there is no such file. Raises InputError."""
    path = folder / LABELS_FILE
    return dict(_row(row) for row in _rows(path)) if lexists(path) else None


def array_labels(arrays: Mapping[str, NDArray[Any]]) -> tuple[Label, ...] | None:
    """Labels (samples,), integers or text, or None without any. Raises InputError for others."""
    if LABELS_ARRAY not in arrays:
        return None
    labels = arrays[LABELS_ARRAY]
    if labels.ndim != 1 or labels.dtype.kind not in "iuU":
        raise InputError(f"calibration {LABELS_ARRAY} must be one class index or text per sample")
    return tuple(labels.tolist())


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise InputError(f"cannot read {path.name}: {problem}") from None


def _row(row: Mapping[str, str | None]) -> tuple[str, Label]:
    file, text, index = row.get("file"), row.get("text"), row.get("class_index")
    if file is None or (text is None and index is None):
        raise InputError(f"{LABELS_FILE} needs the columns file and class_index or text")
    if index is None:
        return file, text or ""
    try:
        return file, int(index)
    except ValueError:
        raise InputError(f"{LABELS_FILE}: {index!r} is no class index") from None
