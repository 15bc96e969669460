"""SQL conditions of a filter, in what SQLite and PostgreSQL have in common.

The table ``results`` has the columns sequence, edge (in a cloud), stream, model, received_at_s, answered_by,
plan_digest, cut_key and late; ``things`` has sequence, label, confidence, text (case-folded), x and y.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from evosplit.shared.result_query.result_filter import ResultFilter

Condition: TypeAlias = tuple[str, tuple[object, ...]]
"""A test with ``?`` for each of its values."""
_AFTER_HEX: Final = "g"
"""Sorts behind every digest that begins with what is before it."""


def result_conditions(wanted: ResultFilter) -> list[Condition]:
    """Tests of ``results`` alone."""
    alike: dict[str, object] = {
        "edge = ?": wanted.edge,
        "stream = ?": wanted.stream,
        "model = ?": wanted.model,
        "cut_key = ?": wanted.cut,
        "answered_by = ?": wanted.answered_by,
        "received_at_s >= ?": wanted.since_s,
        "received_at_s < ?": wanted.until_s,
        "late = ?": None if wanted.late is None else int(wanted.late),
    }
    tests: list[Condition] = [(test, (value,)) for test, value in alike.items() if value is not None]
    if wanted.plan is not None:
        tests.append(("plan_digest >= ? AND plan_digest < ?", (wanted.plan, wanted.plan + _AFTER_HEX)))
    if wanted.failed is not None:
        tests.append((f"answered_by {'=' if wanted.failed else '<>'} ?", ("nobody",)))
    return tests


def thing_conditions(wanted: ResultFilter, table: str = "things") -> list[Condition]:
    """Tests of one row of ``things``, or of another name of that table."""
    tests: list[Condition] = []
    if wanted.label is not None:
        tests.append((f"{table}.label = ?", (wanted.label,)))
    if wanted.min_confidence is not None:
        tests.append((f"{table}.confidence >= ?", (wanted.min_confidence,)))
    if wanted.text is not None:
        tests.append((f"{table}.text LIKE ? ESCAPE '!'", (f"%{_escaped(wanted.text.casefold())}%",)))
    if wanted.region is not None:
        left, top, right, bottom = wanted.region
        tests.append((f"{table}.x BETWEEN ? AND ?", (left, right)))
        tests.append((f"{table}.y BETWEEN ? AND ?", (top, bottom)))
    return tests


def conditions(wanted: ResultFilter) -> list[Condition]:
    """Tests of ``results``, with one of their ``things`` where some are asked for."""
    things = thing_conditions(wanted)
    if not things:
        return result_conditions(wanted)
    test, values = joined(things)
    some = "EXISTS (SELECT 1 FROM things WHERE things.sequence = results.sequence AND "
    return [*result_conditions(wanted), (f"{some}{test})", values)]


def joined(tests: list[Condition]) -> Condition:
    """All of them."""
    return " AND ".join(test for test, _ in tests), tuple(value for _, given in tests for value in given)


def _escaped(text: str) -> str:
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return text
