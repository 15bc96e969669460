"""Result event as an edge posts it to its cloud, checked for what a database can keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evosplit.shared.errors import InputError
from evosplit.shared.result import Result
from evosplit.shared.result_query import things_of

MOST_BYTES: Final = 1_000_000
"""Of one event."""
_LONGEST: Final = 200
_MOST_THINGS: Final = 10_000


@dataclass(frozen=True)
class PostedResult:
    """The event that every sink gets (docs/results-out.md). Raises InputError for what cannot be kept."""

    format: str
    id: str
    site: str
    node: str
    sequence: int
    result: Result

    def __post_init__(self) -> None:
        result, things = self.result, things_of(self.result)
        names = (result.frame_id, result.stream, result.model, result.answered_by)
        if max(map(len, names)) > _LONGEST or len(result.plan_digest or "") > 64:
            raise InputError(f"names in results have at most {_LONGEST} characters")
        texts = (*names, result.cut_key, *(text for thing in things for text in (thing.label, thing.text)))
        if any("\0" in text for text in texts if text is not None):
            raise InputError("names and texts in results have no NUL characters")
        if len(things) > _MOST_THINGS:
            raise InputError(f"a result names at most {_MOST_THINGS} things, not {len(things)}")
