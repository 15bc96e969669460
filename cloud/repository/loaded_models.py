"""Model cache of a replica (multiplexing): many models, few in memory, the longest unused given up first."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from evosplit.cloud.repository.catalogue import ModelEntry
from evosplit.cloud.repository.layout import other_files
from evosplit.cloud.repository.model import Model, load_model
from evosplit.shared.errors import ModelError
from evosplit.shared.lru import Lru
from evosplit.shared.shape_text import Shape

Shapes = Mapping[str, Mapping[str, Shape]]
"""Shapes by model and input."""
NO_SHAPES: Final[Shapes] = {}


class LoadedModels:
    """Models by content under a limit in bytes of their files; the one used last always stays.

    For several threads; one of them loads at a time, so that two models never exceed the limit at once.
    """

    def __init__(self, shapes: Shapes = NO_SHAPES, limit_bytes: float = float("inf")) -> None:
        self._shapes = shapes
        self._models: Lru[str, Model] = Lru(limit_bytes)
        self._lock = threading.Lock()
        self._loading = threading.Lock()

    def __len__(self) -> int:
        return len(self._models)

    @property
    def size_bytes(self) -> int:
        """What the files of all of them take together."""
        with self._lock:
            return int(self._models.total)

    def get(self, entry: ModelEntry) -> Model:
        """The model of an entry, read again where it was given up. Raises ModelError, CardError."""
        model = self.held(entry)
        if model is None:
            with self._loading:
                model = self.held(entry) or self._read_again(entry)
                self.keep(entry, model)
        return model

    def held(self, entry: ModelEntry) -> Model | None:
        """The model of an entry if it is in memory."""
        with self._lock:
            model = self._models.get(_place(entry))
            if model is not None:
                self._models.put(_place(entry), model, entry.size_bytes)
            return model

    def keep(self, entry: ModelEntry, model: Model) -> None:
        """Hold a model that was read."""
        with self._lock:
            self._models.put(_place(entry), model, entry.size_bytes)

    def drop(self, entry: ModelEntry) -> None:
        """Give up what is no longer served."""
        with self._lock:
            self._models.pop(_place(entry))

    def read(self, entry: ModelEntry) -> tuple[Model, ModelEntry]:
        """The model as its files are now, and the entry for it. Raises ModelError, CardError."""
        key, path = entry.key, entry.path
        model = load_model(path, self._shapes.get(key.name, {}), key.name, key.version)
        try:
            size_bytes = sum(each.stat().st_size for each in (path, *other_files(path)))
        except OSError as gone:
            raise ModelError(f"{path}: cannot be read: {gone.strerror or gone}") from None
        return model, ModelEntry(key, path, model.graph.sha256, size_bytes)

    def _read_again(self, entry: ModelEntry) -> Model:
        model, read = self.read(entry)
        if read.sha256 != entry.sha256:
            raise ModelError(f"{entry.key}: its file is being replaced; try again")
        return model


def _place(entry: ModelEntry) -> str:
    return f"{entry.key.name}/{entry.key.version}/{entry.sha256}"
