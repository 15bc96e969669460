"""Restorations on disk: networks by name, what is known of each tensor, and for which inputs all is done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.planner.restoration.learn import METHOD, Learned
from evosplit.planner.restoration.restorations import TensorRestorations
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.json_cache import read_kept, write_kept
from evosplit.shared.restoration.store import RestorationStore
from evosplit.shared.serial import digest

_DONE: Final = "done"
_DIGITS: Final = 16


@dataclass(frozen=True)
class Lesson:
    """What is learned from: a model, and the fingerprint of its calibration inputs."""

    model_sha256: str
    inputs: str

    @property
    def key(self) -> str:
        """What its files are called after; another method of learning makes others."""
        return f"{self.model_sha256[:_DIGITS]}-{digest((self.inputs, METHOD))[:_DIGITS]}"


class Restorations:
    """A folder of them; several processes may share it."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "restorations"
        self.networks = RestorationStore(self._folder)

    def known(self, lesson: Lesson) -> dict[str, TensorRestorations]:
        """What was learned so far, by tensor; a tensor that nothing helps is among them."""
        files = sorted(self._folder.glob(f"{lesson.key}-*.json"))
        kept = (read_kept(TensorRestorations, path) for path in files)
        return {each.tensor: each for each in kept if each is not None}

    def keep(self, lesson: Lesson, learned: Learned) -> None:
        """Keep what was learned of one tensor, the networks first. Raises OSError."""
        for network in learned.networks:
            self.networks.keep(network)
        write_kept(self._place(lesson, digest(learned.known.tensor)[:_DIGITS]), learned.known)

    def is_done(self, lesson: Lesson) -> bool:
        """Whether nothing is left to learn."""
        return self._done(lesson).is_file()

    def finish(self, lesson: Lesson) -> None:
        """Say that nothing is left. Raises OSError."""
        write_whole(self._done(lesson), b"", rivals=True)

    def state(self, model_sha256: str) -> str:
        """Another text whenever there is more to plan with for a model; "" before anything is."""
        done = sorted(self._folder.glob(f"{model_sha256[:_DIGITS]}-*.{_DONE}"))
        return digest([path.name for path in done])[:_DIGITS] if done else ""

    def _place(self, lesson: Lesson, name: str) -> Path:
        return self._folder / f"{lesson.key}-{name}.json"

    def _done(self, lesson: Lesson) -> Path:
        return self._folder / f"{lesson.key}.{_DONE}"
