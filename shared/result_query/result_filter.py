"""Filter of stored results, with the page that is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from evosplit.shared.errors import UsageError
from evosplit.shared.result import AnsweredBy

MAX_PAGE: Final = 1000

Order = Literal["asc", "desc"]
Region = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the picture."""


@dataclass(frozen=True)
class ResultFilter:
    """Which results, in the order in which they were finished (agent) or came in (cloud); None: any.

    Times are Unix seconds, ``until_s`` exclusive. ``label``, ``min_confidence``, ``text`` (a part of it,
    whatever its case) and ``region`` (the centre of a box lies in it) hold for one and the same thing of a
    result (`evosplit.shared.result_query.things`). ``plan`` is how a plan's digest begins, ``edge`` the name
    of the agent, which only a cloud knows. Raises UsageError.
    """

    since_s: float | None = None
    until_s: float | None = None
    stream: str | None = None
    model: str | None = None
    edge: str | None = None
    label: str | None = None
    min_confidence: float | None = None
    text: str | None = None
    region: Region | None = None
    plan: str | None = None
    cut: str | None = None
    answered_by: str | None = None
    late: bool | None = None
    failed: bool | None = None
    limit: int = 100
    cursor: str | None = None
    order: Order = "desc"

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_PAGE:
            raise UsageError(f"limit must be 1 to {MAX_PAGE}, not {self.limit}")
        if self.order not in get_args(Order):
            raise UsageError(f"order must be asc or desc, not {self.order!r}")
        if self.answered_by is not None and self.answered_by not in get_args(AnsweredBy):
            raise UsageError(f"answered_by must be one of {', '.join(get_args(AnsweredBy))}")
        if self.text == "":
            raise UsageError("text must not be empty")
        if not all(map(math.isfinite, self.region or ())):
            raise UsageError("a region has four finite numbers")

    @property
    def asks_for_things(self) -> bool:
        """Whether a result needs some thing to fit."""
        return any(each is not None for each in (self.label, self.min_confidence, self.text, self.region))
