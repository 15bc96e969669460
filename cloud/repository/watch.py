"""Hot reload of a model repository: what was added, replaced or removed is taken up while serving.

Nothing is read before it is whole (`evosplit.cloud.repository.file_stamps`), and nothing is served before it
was read and has run once. Until then, and where that fails, the old content stays in service.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from evosplit.cloud.registry import Registry
from evosplit.cloud.repository.catalogue import ModelEntry
from evosplit.cloud.repository.file_stamps import Stamps, is_whole
from evosplit.cloud.repository.file_states import FileStates
from evosplit.cloud.repository.layout import ModelKey
from evosplit.cloud.repository.model import Model
from evosplit.cloud.repository.version_store import VersionStore
from evosplit.shared.errors import CardError, EvoSplitError, ModelError, StoreError, UsageError

LOOK_S: Final = 1.0
"""How often the folder is looked at; a file that is copied is taken up after two looks alike."""
RETIRED_S: Final = 600.0
"""How long frames of a model that was replaced are answered: so long edges may take for other plans."""
_LOG: Final = logging.getLogger("evosplit.cloud")


class RepositoryWatch:
    """Follows a folder, and the choices of versions in ``store``.

    ``prepare`` runs a model once, ``dropped`` hears what content is served no more, ``after_look`` is called
    after each look. ``taken`` are the states
    of the files, by ``states``, before the registry was made from them. ``clock`` gives seconds that never
    go back.
    """

    def __init__(
        self,
        states: FileStates,
        taken: Mapping[ModelKey, Stamps],
        registry: Registry,
        store: VersionStore,
        prepare: Callable[[Model], None],
        dropped: Callable[[str], None],
        after_look: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._states, self._registry, self._store = states, registry, store
        self._taken, self._before = dict(taken), dict(taken)
        self._missing: frozenset[ModelKey] = frozenset()
        self._prepare, self._dropped = prepare, dropped
        self._after_look, self._clock = after_look, clock
        self._contents = registry.catalogue.contents
        self._told = ""
        self._end = threading.Event()

    def start(self, every_s: float = LOOK_S) -> None:
        """Look every so often, in a thread of its own: a folder may be slow."""
        threading.Thread(target=self._run, args=(every_s,), name="models", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._end.set()

    def look(self) -> None:
        """Take up what has changed, and follow the choices of versions. What goes wrong is in the log."""
        try:
            files = self._states.files()
            for key, path in files.items():
                self._see(key, path, self._states.of(path))
            self._see_missing(frozenset(self._before.keys() - files.keys()))
            self._expire()
            self._registry.follow(self._store.settle(self._registry.catalogue))
            self._after_look()
        except (OSError, UsageError, StoreError) as problem:
            self._tell(f"the models folder cannot be followed: {problem}")
        else:
            self._told = ""

    def _run(self, every_s: float) -> None:
        while not self._end.wait(every_s):
            self._look_on()

    def _look_on(self) -> None:
        try:
            self.look()
        except Exception:  # noqa: BLE001 - a thread that ends unseen would follow nothing for ever
            _LOG.exception("a look at the models folder failed; the next one tries again")

    def _see(self, key: ModelKey, path: Path, now: Stamps) -> None:
        taken, before = self._taken.get(key, {}), self._before.get(key, {})
        self._before[key] = now
        if now != taken and is_whole(taken, before, now):
            self._take_up(key, path, now)

    def _take_up(self, key: ModelKey, path: Path, now: Stamps) -> None:
        try:
            model, entry = self._registry.loaded.read(ModelEntry(key, path, "", 0))
            self._prepare(model)
        except (ModelError, CardError) as problem:
            self._taken[key] = now
            self._refuse(key, problem)
            return
        if self._states.learned(path) != now:
            return  # replaced while it was read, or of more files than were known: the next look sees to that
        self._taken[key] = now
        self._serve(entry, model)

    def _serve(self, entry: ModelEntry, model: Model) -> None:
        catalogue, old = self._registry.catalogue, self._registry.catalogue.served.get(entry.key)
        if old is not None and old.sha256 != entry.sha256:
            self._retire(old)
            catalogue = self._registry.catalogue
        self._registry.loaded.keep(entry, model)
        self._registry.publish(catalogue.with_entry(entry))
        verb = "is served now" if old is None else "is served as it was replaced"
        _LOG.warning("model %s %s (%s)", entry.key, verb, entry.sha256[:12])

    def _refuse(self, key: ModelKey, problem: EvoSplitError) -> None:
        self._registry.publish(self._registry.catalogue.refused(key, problem))
        stays = "its new files are not served, the old ones stay in service"
        what = stays if key in self._registry.catalogue.served else "it is not served"
        _LOG.warning("model %s: %s: %s", key, what, problem)

    def _see_missing(self, missing: frozenset[ModelKey]) -> None:
        """Files that are gone at two looks; at one they may be on their way."""
        for key in missing & self._missing:
            entry = self._registry.catalogue.served.get(key)
            if entry is not None:
                self._retire(entry)
            self._registry.publish(self._registry.catalogue.without(key))
            self._taken.pop(key, None)
            self._before.pop(key, None)
            _LOG.warning("model %s is not served any more: its files are gone", key)
        self._missing = missing - (missing & self._missing)

    def _retire(self, entry: ModelEntry) -> None:
        """Keep a model for frames that are under way; one that is not in memory has none."""
        registry = self._registry
        model = registry.loaded.held(entry)
        if model is not None:
            registry.publish(registry.catalogue.retiring(model, self._clock() + RETIRED_S))
            registry.loaded.drop(entry)

    def _expire(self) -> None:
        catalogue = self._registry.catalogue.expired(self._clock())
        self._registry.publish(catalogue)
        for sha256 in self._contents - catalogue.contents:
            self._dropped(sha256)
        self._contents = catalogue.contents

    def _tell(self, line: str) -> None:
        if line != self._told:
            _LOG.warning("%s", line)
            self._told = line
