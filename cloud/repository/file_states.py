"""States of a model repository's files: all that a version is read from, seen without reading the models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evosplit.cloud.repository.file_stamps import Stamps, stamps_of
from evosplit.cloud.repository.layout import ModelKey, companions, model_files, other_files
from evosplit.cloud.repository.model_source import ModelSource


class FileStates:
    """Stamps of the files of each version; which other files a model refers to is remembered. One thread."""

    def __init__(self, source: ModelSource) -> None:
        self._source = source
        self._others: dict[Path, tuple[Path, ...]] = {}

    def files(self) -> Mapping[ModelKey, Path]:
        """The ONNX files that are there. Raises OSError, StoreError."""
        self._source.refresh()
        return model_files(self._source.folder)

    def first(self) -> dict[ModelKey, Stamps]:
        """The states of all files; none of a folder that cannot be read. Raises StoreError."""
        try:
            return {key: self.learned(path) for key, path in self.files().items()}
        except OSError:
            return {}

    def of(self, path: Path) -> Stamps:
        """The states of the files of one version, as far as is known which those are. Raises OSError."""
        return stamps_of((*companions(path), *self._others.get(path, ())))

    def learned(self, path: Path) -> Stamps:
        """The same, once it was read which others the model refers to. Raises OSError."""
        self._others[path] = other_files(path)
        return self.of(path)
