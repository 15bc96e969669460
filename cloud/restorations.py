"""Store of restorations: networks by name, what is known of each tensor, and for which inputs all is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evosplit.planner.restoration.learn import METHOD, Learned
from evosplit.planner.restoration.restorations import TensorRestorations
from evosplit.shared.restoration.store import RestorationStore
from evosplit.shared.serial import digest
from evosplit.shared.storage.objects import Objects, read_value, write_value

_DONE: Final = "done"
_DIGITS: Final = 16


@dataclass(frozen=True)
class Lesson:
    """What is learned from: a model, and the fingerprints of its calibration inputs and of its card.

    The card says what counts as the same answer, and so which networks were kept; "" is that of none.
    """

    model_sha256: str
    inputs: str
    card: str

    @property
    def key(self) -> str:
        """What its files are called after; another method of learning makes others."""
        return f"{self.model_sha256[:_DIGITS]}-{digest((self.inputs, self.card, METHOD))[:_DIGITS]}"


class Restorations:
    """Those of a store; several processes may share it. Every method raises StoreError."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects.below("restorations")
        self.networks = RestorationStore(self._objects)

    def known(self, lesson: Lesson) -> dict[str, TensorRestorations]:
        """What was learned so far, by tensor; a tensor that nothing helps is among them."""
        names = (entry.name for entry in self._objects.entries())
        mine = [name for name in names if name.startswith(f"{lesson.key}-") and name.endswith(".json")]
        kept = (read_value(TensorRestorations, self._objects, name) for name in mine)
        return {each.tensor: each for each in kept if each is not None}

    def keep(self, lesson: Lesson, learned: Learned) -> None:
        """Keep what was learned of one tensor, the networks first."""
        for network in learned.networks:
            self.networks.keep(network)
        name = f"{lesson.key}-{digest(learned.known.tensor)[:_DIGITS]}.json"
        write_value(self._objects, name, learned.known)

    def is_done(self, lesson: Lesson) -> bool:
        """Whether nothing is left to learn."""
        return self._objects.has(f"{lesson.key}.{_DONE}")

    def finish(self, lesson: Lesson) -> None:
        """Say that nothing is left."""
        self._objects.write(f"{lesson.key}.{_DONE}", b"")

    def state(self, model_sha256: str) -> str:
        """Another text whenever there is more to plan with for a model; "" before anything is."""
        names = (entry.name for entry in self._objects.entries())
        begins, ends = f"{model_sha256[:_DIGITS]}-", f".{_DONE}"
        done = [name for name in names if name.startswith(begins) and name.endswith(ends)]
        return digest(done)[:_DIGITS] if done else ""
