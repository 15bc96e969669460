"""Match of a result with a filter, without a database: what a query means, and the oracle of its tests."""

from __future__ import annotations

from evosplit.shared.result import Result
from evosplit.shared.result_query.result_filter import ResultFilter
from evosplit.shared.result_query.things import Thing, things_of


def holds(wanted: ResultFilter, result: Result, edge: str | None = None) -> bool:
    """Whether a result of an ``edge`` fits; pages (limit, cursor, order) are not looked at."""
    alike = (
        (wanted.edge, edge),
        (wanted.stream, result.stream),
        (wanted.model, result.model),
        (wanted.cut, result.cut_key),
        (wanted.answered_by, result.answered_by),
        (wanted.late, result.late),
        (wanted.failed, result.answered_by == "nobody"),
    )
    if not all(asked is None or asked == value for asked, value in alike):
        return False
    if wanted.plan is not None and not (result.plan_digest or "").startswith(wanted.plan):
        return False
    if wanted.since_s is not None and result.received_at_s < wanted.since_s:
        return False
    if wanted.until_s is not None and result.received_at_s >= wanted.until_s:
        return False
    return not wanted.asks_for_things or any(_fits(wanted, thing) for thing in things_of(result))


def _fits(wanted: ResultFilter, thing: Thing) -> bool:
    if wanted.label is not None and thing.label != wanted.label:
        return False
    confidence = -1.0 if thing.confidence is None else thing.confidence
    if wanted.min_confidence is not None and confidence < wanted.min_confidence:
        return False
    if wanted.text is not None and wanted.text.casefold() not in (thing.text or "").casefold():
        return False
    if wanted.region is None:
        return True
    if thing.centre is None:
        return False
    (x, y), (left, top, right, bottom) = thing.centre, wanted.region
    return left <= x <= right and top <= y <= bottom
