"""Results of the fleet: kept as edges send them, the oldest dropped beyond a number."""

from __future__ import annotations

import itertools
from typing import Final

from evosplit.cloud.storage.records import Records
from evosplit.cloud.storage.result_records import (
    EdgeResult,
    ResultPage,
    add_results,
    count_results,
    newest_place,
    results_page,
    trim_results,
)
from evosplit.shared.fleet.agent_identity import edge_name
from evosplit.shared.fleet.posted_result import PostedResult
from evosplit.shared.result_query import ResultFilter
from evosplit.shared.result_query.count_request import Count, CountRequest

_TRIMMED: Final = 1000
"""The oldest are looked for after so many new ones."""


class FleetResults:
    """For several threads and replicas. Every method raises StoreError."""

    def __init__(self, records: Records, keep: int) -> None:
        self._records = records
        self._keep = keep
        self._added = itertools.count(1)
        self.readers: set[object] = set()
        """Who reads results as they come in."""

    def add(self, holder: str | None, posted: PostedResult) -> bool:
        """Whether the result is new. Raises UsageError for an edge without a proper name."""
        name = edge_name(holder, posted.node)
        is_new = add_results(self._records, [EdgeResult(name, posted.result)]) == 1
        if is_new and next(self._added) % _TRIMMED == 0:
            trim_results(self._records, self._keep)
        return is_new

    def page(self, wanted: ResultFilter) -> ResultPage:
        """In the order in which they came in. Raises UsageError."""
        return results_page(self._records, wanted)

    def newest(self) -> int:
        """The place of the last one."""
        return newest_place(self._records)

    def counts(self, asked: CountRequest) -> tuple[Count, ...]:
        """How many came in each period."""
        return count_results(self._records, asked)
