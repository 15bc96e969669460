"""Rule of a sink: a boolean expression over a result, such as ``label == "truck" and confidence > 0.6``.

The language is that of the rule-engine package: typed, without calls into Python.
"""

from __future__ import annotations

from typing import Any, Final

import rule_engine
from rule_engine import DataType

from evosplit.shared.errors import UsageError
from evosplit.shared.result import Result
from evosplit.shared.result_query import things_of

LONGEST: Final = 1000
"""Characters of a rule; longer ones are refused before they are parsed."""

_TYPES: Final = {
    "label": DataType.STRING,
    "text": DataType.STRING,
    "confidence": DataType.FLOAT,
    "stream": DataType.STRING,
    "model": DataType.STRING,
    "answered_by": DataType.STRING,
    "strategy": DataType.STRING,
    "late": DataType.BOOLEAN,
    "failed": DataType.BOOLEAN,
    "things": DataType.FLOAT,
    "latency_s": DataType.FLOAT,
    "wire_bytes": DataType.FLOAT,
}
FIELDS: Final = tuple(_TYPES)


class Rule:
    """Holds for a result if it holds for anything that the result names (a box, a class, a text).

    Raises UsageError where the text is no such expression.
    """

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise UsageError(f"a rule has at most {LONGEST} characters, not {len(text)}")
        context = rule_engine.Context(type_resolver=rule_engine.type_resolver_from_dict(_TYPES))
        try:
            self._rule = rule_engine.Rule(text, context=context)
        except rule_engine.EngineError as wrong:
            known = ", ".join(FIELDS)
            raise UsageError(f"not a rule: {text!r}: {wrong.message} (fields: {known})") from None
        self.text = text

    def holds(self, result: Result) -> bool:
        """Whether the result is wanted. A comparison with what the result lacks does not hold."""
        things = things_of(result)
        common = _common(result, len(things))
        named = [
            {"label": thing.label, "text": thing.text, "confidence": thing.confidence} for thing in things
        ]
        nothing = {"label": None, "text": None, "confidence": result.confidence}
        return any(self._matches({**common, **values}) for values in named or (nothing,))

    def _matches(self, values: dict[str, Any]) -> bool:
        try:
            return bool(self._rule.matches(values))
        except rule_engine.EvaluationError:
            return False


def _common(result: Result, things: int) -> dict[str, Any]:
    return {
        "stream": result.stream,
        "model": result.model,
        "answered_by": result.answered_by,
        "strategy": result.strategy,
        "late": result.late,
        "failed": result.answered_by == "nobody",
        "things": float(things),
        "latency_s": result.breakdown.total_s,
        "wire_bytes": float(result.wire_bytes),
    }
