"""Hooks that decide what a test tells them to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from evosplit.edge.hooks.decisions import GO


@dataclass
class Told:
    """Decides ``decision``, or raises it; ``seen`` are the tensors that it was shown."""

    tap: str
    decision: Any = GO
    name: str = "told"
    kind: str = "exit"
    macs: int = 0
    seen: list[NDArray[Any]] = field(default_factory=list)
    learnt: list[tuple[str, NDArray[Any], Any]] = field(default_factory=list)

    def decide(self, tensor: NDArray[Any], stream: str) -> Any:
        self.seen.append(tensor)
        decision = self.decision(tensor) if callable(self.decision) else self.decision
        if isinstance(decision, Exception):
            raise decision
        return decision


@dataclass
class ToldBlock(Told):
    """One that may leave out the block that ends at ``until``."""

    until: str = ""


class Pupil(Told):
    """One that wants to know the full answers."""

    def learn_answer(self, stream: str, tensor: NDArray[Any], outputs: Any) -> None:
        self.learnt.append((stream, tensor, outputs))
