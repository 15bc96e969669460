"""Rule of a sink: a boolean expression over a result, such as ``label == "truck" and confidence > 0.6``.

The language is that of the rule-engine package: typed, without calls into Python. It is loaded with the first
rule: its parser's tables take 6 MB.
"""

from __future__ import annotations

from typing import Any, Final

from evosplit.shared.errors import UsageError
from evosplit.shared.result import Result
from evosplit.shared.result_query import things_of

LONGEST: Final = 1000
"""Characters of a rule; longer ones are refused before they are parsed."""

_TYPES: Final = {
    "label": "STRING",
    "text": "STRING",
    "confidence": "FLOAT",
    "stream": "STRING",
    "model": "STRING",
    "answered_by": "STRING",
    "strategy": "STRING",
    "late": "BOOLEAN",
    "failed": "BOOLEAN",
    "things": "FLOAT",
    "latency_s": "FLOAT",
    "wire_bytes": "FLOAT",
}
"""Of each field, the name of its type in rule-engine."""
FIELDS: Final = tuple(_TYPES)


class Rule:
    """Holds for a result if it holds for anything that the result names (a box, a class, a text).

    Raises UsageError where the text is no such expression.
    """

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise UsageError(f"a rule has at most {LONGEST} characters, not {len(text)}")
        import rule_engine  # an agent whose sinks have no rule goes without

        types = {field: getattr(rule_engine.DataType, kind) for field, kind in _TYPES.items()}
        context = rule_engine.Context(type_resolver=rule_engine.type_resolver_from_dict(types))
        try:
            self._rule = rule_engine.Rule(text, context=context)
        except rule_engine.EngineError as wrong:
            known = ", ".join(FIELDS)
            raise UsageError(f"not a rule: {text!r}: {wrong.message} (fields: {known})") from None
        self._refusal = rule_engine.EvaluationError
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
        except self._refusal:
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
