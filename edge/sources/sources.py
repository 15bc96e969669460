"""Registry of an agent's frame sources: added, changed and removed while it runs, kept in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from evosplit.edge.background.supervisor import Supervisor
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.sources.folder import FolderSource
from evosplit.edge.sources.gstreamer import GStreamerSource
from evosplit.edge.sources.mqtt import MqttSource
from evosplit.edge.sources.snapshot import SnapshotSource
from evosplit.edge.sources.source import FrameSource
from evosplit.edge.sources.source_run import PictureTaker, SourceRun
from evosplit.edge.sources.source_settings import DEVICE, MQTT, SourceSettings, source_option
from evosplit.edge.sources.video import VideoSource
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import NotFoundError, StoreError, UsageError
from evosplit.shared.serial import from_json, to_json


def open_source(told: SourceSettings) -> FrameSource:
    """The reader of one source, not opened yet. Raises MissingExtraError, UsageError."""
    if told.address.startswith("snapshot+"):
        return SnapshotSource(told)
    if told.is_pipeline:
        return GStreamerSource(told)
    if urlsplit(told.address).scheme in MQTT:
        return MqttSource(told)
    is_path = not told.is_stream and not told.address.startswith(DEVICE)
    if is_path and (told.address.endswith("/") or Path(told.address).is_dir()):
        return FolderSource(told)
    return VideoSource(told)


def fixed_sources(settings: EdgeSettings) -> tuple[SourceSettings, ...]:
    """Those of the options. Raises UsageError, MissingExtraError."""
    made = tuple(source_option(text, number) for number, text in enumerate(settings.source, 1))
    names = [told.name for told in made]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"two sources are called {min(twice)!r}")
    for told in made:
        open_source(told)
    return made


@dataclass(frozen=True)
class _Kept:
    sources: tuple[SourceSettings, ...]


class Sources:
    """The sources of one agent: ``fixed`` by its settings; what is added later is kept in ``file``."""

    def __init__(
        self, fixed: Sequence[SourceSettings], file: Path, background: Supervisor, taker: PictureTaker
    ) -> None:
        self._file = file
        self._background = background
        self._taker = taker
        self._fixed = {told.name: told for told in fixed}
        self._runs: dict[str, SourceRun] = {}

    def start(self) -> None:
        """Start all. Raises MissingExtraError, StoreError."""
        for told in {**self._kept(), **self._fixed}.values():
            self._start(told)

    async def end(self) -> None:
        """Stop all; frames that are under way go on."""
        for name in tuple(self._runs):
            await self._stop(name)

    async def put(self, told: SourceSettings) -> None:
        """Add a source, or change the one of its name. Raises MissingExtraError, StoreError, UsageError.

        A pipeline can write files: only who starts the agent may give one.
        """
        fixed = self._fixed.get(told.name)
        if told.is_pipeline and (fixed is None or fixed.address != told.address):
            raise UsageError(
                "a pipeline is given with --source, or in the file of settings, and not while running"
            )
        open_source(told)
        await self._stop(told.name)
        self._start(told)
        self._keep()

    async def remove(self, name: str) -> None:
        """Stop a source and forget it. Raises NotFoundError, StoreError."""
        if name not in self._runs:
            raise NotFoundError(f"no source {name!r}; there are {', '.join(self._runs) or 'none'}")
        await self._stop(name)
        self._keep()

    @property
    def runs(self) -> tuple[SourceRun, ...]:
        """All sources, in the order of their start."""
        return tuple(self._runs.values())

    def _start(self, told: SourceSettings) -> None:
        run = self._runs[told.name] = SourceRun(told, open_source(told), self._taker)
        self._background.start(f"source {told.name}", run.run)

    async def _stop(self, name: str) -> None:
        if self._runs.pop(name, None) is not None:
            await self._background.stop(f"source {name}")

    def _kept(self) -> dict[str, SourceSettings]:
        if not self._file.exists():
            return {}
        kept = from_json(_Kept, self._file.read_bytes(), StoreError)
        return {told.name: told for told in kept.sources}

    def _keep(self) -> None:
        added = tuple(run.told for run in self.runs if self._fixed.get(run.told.name) != run.told)
        try:
            write_whole(self._file, to_json(_Kept(added)))
        except OSError as broken:
            raise StoreError(f"cannot write {self._file}: {broken}") from None
