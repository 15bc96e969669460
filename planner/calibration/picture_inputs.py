"""Lazy decoding of a folder's pictures as a network's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import overload

from evosplit.kernels.errors.calibration_inputs import Feeds
from evosplit.shared.card import Card
from evosplit.shared.input_picture import read_picture
from evosplit.shared.pictures import SUFFIXES
from evosplit.shared.preprocess import sized_input


def pictures_in(folder: Path) -> list[Path]:
    """Picture files of a folder, by name: those with one of `evosplit.shared.pictures.SUFFIXES`."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


class PictureFeeds(Sequence[Feeds]):
    """Feeds by input name, one per picture; none is kept. Items raise InputError for broken pictures."""

    def __init__(self, card: Card, paths: Sequence[Path]) -> None:
        self._card, self._paths = card, tuple(paths)

    @property
    def names(self) -> tuple[str, ...]:
        """The files' names in order."""
        return tuple(path.name for path in self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> Feeds: ...

    @overload
    def __getitem__(self, index: slice) -> PictureFeeds: ...

    def __getitem__(self, index: int | slice) -> Feeds | PictureFeeds:
        if isinstance(index, slice):
            return PictureFeeds(self._card, self._paths[index])
        return dict(sized_input(self._card, read_picture(self._card, self._paths[index].read_bytes()).pixels))
