"""Model registry: the models that are served, by name, version and content; a broken file stops no others.

It is read by many threads, while `evosplit.cloud.repository.watch` puts other catalogues in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from evosplit.cloud.repository.catalogue import Catalogue, ModelEntry
from evosplit.cloud.repository.layout import ModelKey, model_files, newest
from evosplit.cloud.repository.loaded_models import NO_SHAPES, LoadedModels, Shapes
from evosplit.cloud.repository.model import Model, load_model
from evosplit.cloud.repository.model_source import ModelSource
from evosplit.shared.errors import (
    CardError,
    EvoSplitError,
    ModelError,
    NotFoundError,
    StaleModelError,
    UsageError,
)
from evosplit.shared.rollout import Rollout

_TRY: Final = "lay NAME.onnx files into it, or have some to try with: evosplit example FOLDER"

__all__ = ["Model", "Registry", "load_model", "open_registry", "registry_of"]


class Registry:
    """What is served. The state is one `Catalogue` and the choices of versions, each replaced as a whole."""

    def __init__(self, catalogue: Catalogue, loaded: LoadedModels) -> None:
        self.loaded = loaded
        self.catalogue = catalogue
        self.rollouts: Mapping[str, Rollout] = {}

    @property
    def models(self) -> Mapping[str, ModelEntry]:
        """The version in use of every model."""
        return {name: self._in_use(name) for name in sorted({key.name for key in self.catalogue.served})}

    @property
    def broken(self) -> Mapping[str, EvoSplitError]:
        """What is wrong with each model that cannot be served, and with newer files of those that are."""
        catalogue = self.catalogue
        return {str(key): problem for key, problem in {**catalogue.stale, **catalogue.broken}.items()}

    def publish(self, catalogue: Catalogue) -> None:
        """Serve from another catalogue, from the next request on."""
        self.catalogue = catalogue

    def follow(self, rollouts: Mapping[str, Rollout]) -> None:
        """Choose versions by these, from the next request on."""
        self.rollouts = rollouts

    def entry(self, name: str, version: str | None = None, client: str = "") -> ModelEntry:
        """The version that is named, or that the client of this key gets.

        Raises NotFoundError, or what is wrong with it.
        """
        versions = self.catalogue.versions(name)
        if version is None and versions:
            rollout = self.rollouts.get(name)
            chosen = None if rollout is None else versions.get(rollout.chosen(client))
            return chosen or self._in_use(name)
        if version is not None and version in versions:
            return versions[version]
        problem = self._problem(name, version)
        if problem is not None:
            raise type(problem)(str(problem))
        if version is None or not versions:
            raise NotFoundError(f"no model {name!r} here")
        raise NotFoundError(f"no version {version!r} of {name} here; there is {', '.join(versions)}")

    def get(self, name: str, version: str | None = None, client: str = "") -> Model:
        """The model of `entry`, read first where it is not in memory. Raises as that, ModelError."""
        return self.loaded.get(self.entry(name, version, client))

    def of_content(self, name: str, sha256: str) -> Model:
        """The model with this content, also one that was served until just now. Raises StaleModelError."""
        catalogue = self.catalogue
        for entry in catalogue.versions(name).values():
            if entry.sha256 == sha256:
                return self.loaded.get(entry)
        for retired in catalogue.retired:
            if (retired.model.name, retired.model.graph.sha256) == (name, sha256):
                return retired.model
        raise StaleModelError(f"version {sha256[:12]} of {name} is not served here; ask for plans again")

    def _in_use(self, name: str) -> ModelEntry:
        versions, rollout = self.catalogue.versions(name), self.rollouts.get(name)
        in_use = rollout.current if rollout and rollout.current in versions else newest(versions)
        return versions[in_use]

    def _problem(self, name: str, version: str | None) -> EvoSplitError | None:
        broken = self.catalogue.broken
        if version is not None:
            return broken.get(ModelKey(name, version))
        return next((problem for key, problem in broken.items() if key.name == name), None)


def registry_of(models: Iterable[Model]) -> Registry:
    """A registry of models that were read already."""
    loaded, catalogue = LoadedModels(), Catalogue()
    for model in models:
        entry = ModelEntry(ModelKey(model.name, model.version), model.path, model.graph.sha256, 0)
        loaded.keep(entry, model)
        catalogue = catalogue.with_entry(entry)
    return Registry(catalogue, loaded)


def open_registry(
    source: ModelSource, shapes: Shapes = NO_SHAPES, limit_bytes: float = float("inf")
) -> Registry:
    """Read every model of a folder or bucket, with ``shapes`` by model and input.

    Raises UsageError for a folder with none and for shapes of a model that is not there, ModelError if all
    fail, StoreError for a bucket that cannot be read.
    """
    source.refresh()
    files = _files(source.folder)
    for name in shapes.keys() - {key.name for key in files}:
        raise UsageError(f"a shape is given for {name!r}, but there is no {name}.onnx in {source.folder}")
    loaded, catalogue = LoadedModels(shapes, limit_bytes), Catalogue()
    for key, path in files.items():
        try:
            model, entry = loaded.read(ModelEntry(key, path, "", 0))
        except (ModelError, CardError) as problem:  # noqa: PERF203 - a few files, each taking longer
            catalogue = catalogue.refused(key, problem)
        else:
            loaded.keep(entry, model)
            catalogue = catalogue.with_entry(entry)
    if not catalogue.served:
        raise ModelError("; ".join(f"{key}: {problem}" for key, problem in catalogue.broken.items()))
    return Registry(catalogue, loaded)


def _files(folder: Path) -> dict[ModelKey, Path]:
    if not folder.is_dir():
        raise UsageError(f"no folder of models at {folder}: {_TRY}")
    try:
        files = model_files(folder)
    except OSError as problem:
        raise UsageError(f"cannot read the folder {folder}: {problem.strerror}") from None
    if not files:
        raise UsageError(f"no ONNX files (NAME.onnx) in {folder}: {_TRY}")
    return files
