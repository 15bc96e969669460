"""Catalogue of a model repository, an immutable value: what is served, what is broken, what was before."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from evosplit.cloud.repository.layout import ModelKey
from evosplit.cloud.repository.model import Model
from evosplit.shared.errors import EvoSplitError

T = TypeVar("T")

MOST_RETIRED: Final = 2
"""Of one name."""


@dataclass(frozen=True)
class ModelEntry:
    """A version that can be served, whether its weights are in memory or not."""

    key: ModelKey
    path: Path
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Retired:
    """A model that was replaced or removed: frames of it that are under way are still answered."""

    model: Model
    until_s: float


@dataclass(frozen=True)
class Catalogue:
    """``broken``: why versions are not served; ``stale``: why newer files of what is served are not."""

    served: Mapping[ModelKey, ModelEntry] = field(default_factory=dict)
    broken: Mapping[ModelKey, EvoSplitError] = field(default_factory=dict)
    stale: Mapping[ModelKey, EvoSplitError] = field(default_factory=dict)
    retired: tuple[Retired, ...] = ()

    def versions(self, name: str) -> Mapping[str, ModelEntry]:
        """The versions of a model that are served, the lowest number first."""
        return self._by_name.get(name, {})

    @functools.cached_property
    def _by_name(self) -> Mapping[str, Mapping[str, ModelEntry]]:
        """Every request asks for it."""
        grouped: dict[str, dict[str, ModelEntry]] = {}
        for key in sorted(self.served, key=lambda key: int(key.version)):
            grouped.setdefault(key.name, {})[key.version] = self.served[key]
        return grouped

    @property
    def contents(self) -> frozenset[str]:
        """The sha256 of all that frames may be of."""
        retired = {old.model.graph.sha256 for old in self.retired}
        return frozenset(retired | {entry.sha256 for entry in self.served.values()})

    def with_entry(self, entry: ModelEntry) -> Catalogue:
        """With a version, or another content of it."""
        return replace(
            self,
            served={**self.served, entry.key: entry},
            broken=_without(self.broken, entry.key),
            stale=_without(self.stale, entry.key),
        )

    def refused(self, key: ModelKey, problem: EvoSplitError) -> Catalogue:
        """With the word on files that cannot be served; an older content stays in service."""
        if key in self.served:
            return replace(self, stale={**self.stale, key: problem})
        return replace(self, broken={**self.broken, key: problem})

    def without(self, key: ModelKey) -> Catalogue:
        """Without a version whose files are gone."""
        return Catalogue(
            _without(self.served, key), _without(self.broken, key), _without(self.stale, key), self.retired
        )

    def retiring(self, model: Model, until_s: float) -> Catalogue:
        """With a model that is no longer served; of each name the last ones stay."""
        others = tuple(old for old in self.retired if old.model.graph.sha256 != model.graph.sha256)
        same = [old for old in others if old.model.name == model.name]
        dropped = same[: max(0, len(same) - MOST_RETIRED + 1)]
        kept = tuple(old for old in others if old not in dropped)
        return replace(self, retired=(*kept, Retired(model, until_s)))

    def expired(self, now_s: float) -> Catalogue:
        """Without those whose time is over."""
        kept = tuple(old for old in self.retired if old.until_s > now_s)
        return self if len(kept) == len(self.retired) else replace(self, retired=kept)


def _without(held: Mapping[ModelKey, T], key: ModelKey) -> dict[ModelKey, T]:
    return {other: value for other, value in held.items() if other != key}
