"""A folder of models that is followed look by look, without a thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from cloud_support import data_plane
from onnx import numpy_helper
from told_clock import Clock

from evosplit.cloud.dataplane import DataPlane
from evosplit.cloud.registry import Registry, open_registry
from evosplit.cloud.repository.file_states import FileStates
from evosplit.cloud.repository.model_source import ModelFolder
from evosplit.cloud.repository.version_store import VersionStore
from evosplit.cloud.repository.watch import RepositoryWatch
from tests import models as nets


def chain_like(shift: float) -> onnx.ModelProto:
    """The chain with another bias: other content, other answers."""
    model = nets.chain_net()
    (bias,) = (tensor for tensor in model.graph.initializer if tensor.name == "fc.b")
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(shift), bias.name))
    return model


@dataclass
class Followed:
    """A registry that follows ``folder`` whenever `look` is called."""

    folder: Path
    registry: Registry
    plane: DataPlane
    store: VersionStore
    clock: Clock
    dropped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._states = FileStates(ModelFolder(self.folder))
        self._watch = RepositoryWatch(
            self._states,
            self._states.first(),
            self.registry,
            self.store,
            self.plane.warm,
            self.dropped.append,
            lambda: None,
            self.clock,
        )

    def look(self) -> None:
        self._watch.look()


def followed(folder: Path, limit_bytes: float = float("inf")) -> Followed:
    """Of the models that lie in the folder now."""
    registry = open_registry(ModelFolder(folder), limit_bytes=limit_bytes)
    store = VersionStore(folder / "data")
    registry.follow(store.settle(registry.catalogue))
    return Followed(folder, registry, data_plane(registry), store, Clock())


def put_in_place(content: bytes, path: Path) -> None:
    """As careful writers do: beside it, then renamed over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content)
    partial.rename(path)
