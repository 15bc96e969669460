"""Version choice on disk: which version of each model is in use, and which one a share of clients tries.

Replicas and the command that changes it share one file in the data folder. A version that appears in the
models folder is not in use until it is promoted; the first start takes the newest.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evosplit.cloud.repository.catalogue import Catalogue
from evosplit.cloud.repository.layout import newest
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import UsageError
from evosplit.shared.rollout import Rollout
from evosplit.shared.serial import from_json, to_json


@dataclass(frozen=True)
class VersionChoices:
    """The file's content."""

    models: Mapping[str, Rollout] = field(default_factory=dict)


class VersionStore:
    """Choices by model. Several processes may share the folder ``data``."""

    def __init__(self, data: Path) -> None:
        self._place = data / "model-versions.json"

    def read(self) -> Mapping[str, Rollout]:
        """The choices; none without a file. Raises UsageError for one that cannot be read."""
        try:
            return from_json(VersionChoices, self._place.read_bytes(), UsageError).models
        except FileNotFoundError:
            return {}
        except OSError as problem:
            raise UsageError(f"cannot read {self._place}: {problem.strerror}") from None

    def change(self, name: str, change: Callable[[Rollout], Rollout]) -> Rollout:
        """Change the choice of a model. Raises UsageError, also for a model without any; as ``change``."""

        def changed(models: Mapping[str, Rollout]) -> Mapping[str, Rollout]:
            if name not in models:
                raise UsageError(f"no model {name!r} has been served here")
            return {**models, name: change(models[name])}

        return self._changed(changed)[name]

    def settle(self, catalogue: Catalogue) -> Mapping[str, Rollout]:
        """The choices, with one for each model that has none yet: its newest version. Raises UsageError."""
        known = self.read()
        wanted = {key.name for key in catalogue.served}
        if wanted <= known.keys():
            return known
        first = {name: Rollout(newest(catalogue.versions(name))) for name in wanted}
        return self._changed(lambda models: {**first, **models})

    def _changed(
        self, change: Callable[[Mapping[str, Rollout]], Mapping[str, Rollout]]
    ) -> Mapping[str, Rollout]:
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(f"{self._place}.lock", os.O_RDWR | os.O_CREAT, 0o600)) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                models = change(self.read())
                write_whole(self._place, to_json(VersionChoices(models)), durable=True)
        except OSError as problem:
            raise UsageError(f"cannot write {self._place}: {problem.strerror}") from None
        return models
