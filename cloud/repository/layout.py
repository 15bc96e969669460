"""Layout of a model repository: ``NAME.onnx``, or ``NAME/VERSION/model.onnx`` as Triton has it.

Beside an ONNX file lie its card, shapes, calibration inputs and external data, called after its stem. Names
that begin with a dot are left out: Kubernetes keeps the folders there that its links point to.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from evosplit.cloud.repository.model import card_file
from evosplit.shared.card.card_files import labels_file
from evosplit.shared.graph.load_model import external_files
from evosplit.shared.oip import MODEL_VERSION

_VERSION: Final = re.compile("[1-9][0-9]{0,17}")
_NESTED: Final = "model.onnx"
_UNREAD: Final = (".calibration", ".calibration.npz", ".partial")
"""Ends of names beside a model that serving does not read."""


class ModelKey(NamedTuple):
    """Which model: its name and version; a file that lies flat is version 1."""

    name: str
    version: str = MODEL_VERSION

    def __str__(self) -> str:
        return self.name if self.version == MODEL_VERSION else f"{self.name} version {self.version}"


def model_files(folder: Path) -> dict[ModelKey, Path]:
    """The ONNX files of a folder. A flat one gives way to version 1 in a folder of its name. Raises OSError.

    Files are looked for, not opened: what is in them may not be there yet. Links that lead nowhere are files:
    reading them says so.
    """
    folder.stat()  # globbing takes a folder that cannot be read for an empty one
    flat = {ModelKey(path.stem): path for path in _visible(folder.glob("*.onnx"))}
    nested = {
        ModelKey(path.parent.parent.name, path.parent.name): path
        for path in _visible(folder.glob(f"*/*/{_NESTED}"))
        if _VERSION.fullmatch(path.parent.name) and not path.parent.parent.name.startswith(".")
    }
    return flat | nested


def companions(path: Path) -> tuple[Path, ...]:
    """The ONNX file and what lies beside it under its stem. Raises OSError."""
    begin = f"{path.stem}."
    beside = (
        other
        for other in path.parent.iterdir()
        if other.name.startswith(begin) and other.suffix != ".onnx" and not other.name.endswith(_UNREAD)
    )
    return (path, *sorted(beside))


def other_files(path: Path) -> tuple[Path, ...]:
    """Files of any name that an ONNX file and its card refer to: external data, labels."""
    return (*external_files(path), *labels_file(card_file(path)))


def newest(versions: Collection[str]) -> str:
    """The highest number."""
    return max(versions, key=int)


def _visible(paths: Iterator[Path]) -> list[Path]:
    return sorted(path for path in paths if not path.name.startswith(".") and _is_file(path))


def _is_file(path: Path) -> bool:
    return path.is_file() or (path.is_symlink() and not path.exists())
