"""Request for counts of results over time, and its SQL, in what SQLite and PostgreSQL have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from evosplit.shared.errors import UsageError
from evosplit.shared.result_query.conditions import (
    Condition,
    conditions,
    joined,
    result_conditions,
    thing_conditions,
)
from evosplit.shared.result_query.parse import parse_filter
from evosplit.shared.result_query.result_filter import ResultFilter

PERIODS_S: Final = {"minute": 60, "hour": 3600, "day": 86400}
SPLITS: Final = {"label": "things.label", "answered_by": "answered_by", "stream": "stream", "model": "model"}
MOST_COUNTS: Final = 1000


@dataclass(frozen=True)
class Count:
    """``count`` results from ``begins_s`` (Unix time) on; ``value`` is what they are split by."""

    begins_s: float
    value: str | None
    count: int


@dataclass(frozen=True)
class CountRequest:
    """How many results fit in each period (of UTC); a result with several labels counts once for each."""

    wanted: ResultFilter
    by: str
    split: str | None = None

    def sql(self, floored: str) -> Condition:
        """The query and its values; ``floored`` is the period's number by the database's own functions.

        It has ``{period}`` for its seconds. The newest periods come first, at most `MOST_COUNTS` rows.
        """
        period = floored.format(period=float(PERIODS_S[self.by]))
        if self.split == "label":
            source = "results JOIN things ON things.sequence = results.sequence"
            tests = [*result_conditions(self.wanted), *thing_conditions(self.wanted)]
        else:
            source, tests = "results", conditions(self.wanted)
        value = "NULL" if self.split is None else SPLITS[self.split]
        test, values = joined(tests) if tests else ("1 = 1", ())
        chosen = f"SELECT {period} AS period, {value} AS value, COUNT(DISTINCT results.sequence) AS number"
        ordered = f"GROUP BY 1, 2 ORDER BY 1 DESC, 3 DESC, 2 LIMIT {MOST_COUNTS}"
        return f"{chosen} FROM {source} WHERE {test} {ordered}", values

    def count(self, row: tuple[Any, ...]) -> Count:
        """A row of the query."""
        return Count(float(row[0]) * PERIODS_S[self.by], row[1], int(row[2]))


def parse_counts(query: Mapping[str, str]) -> CountRequest:
    """From the query of a URL: ``by``, ``split``, and the keys of a filter. Raises UsageError."""
    by, split = query.get("by", "hour"), query.get("split")
    if by not in PERIODS_S:
        raise UsageError(f"by is one of {', '.join(PERIODS_S)}, not {by!r}")
    if split is not None and split not in SPLITS:
        raise UsageError(f"split is one of {', '.join(SPLITS)}, not {split!r}")
    for key in ("limit", "cursor", "order"):
        if key in query:
            raise UsageError(f"counts have no pages: {key!r} does not go with them")
    return CountRequest(parse_filter(query, more=("by", "split")), by, split)
