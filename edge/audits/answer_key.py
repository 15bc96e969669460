"""Answer key: a short text for a network's answer, where that is one of a few things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from evosplit.shared.card import Card
from evosplit.shared.errors import CardError, InputError
from evosplit.shared.postprocess import postprocess


def answer_key(card: Card | None, outputs: Mapping[str, NDArray[Any]]) -> str | None:
    """The answer's key; None where it is not discrete (boxes, a picture, no card) or no answer (NaN)."""
    if card is None or card.input.size is None:
        return None
    try:
        reading = postprocess(card, outputs, card.input.size)
    except (CardError, InputError):
        return None
    return outcome_key(reading.outcome)


def outcome_key(outcome: Any) -> str | None:  # noqa: ANN401 - plain JSON
    """As ``answer_key``, from the outcome that postprocessing has read: cheap in the serving path.

    ``3:cat`` or ``3`` for classes (labels may repeat, indices do not), ``text:AB12`` for text, ``no boxes``.
    """
    if not isinstance(outcome, Mapping):
        return None
    if top := outcome.get("top"):
        label = top[0].get("label")
        return str(top[0]["class"]) if label is None else f"{top[0]['class']}:{label}"
    if "text" in outcome:
        return f"text:{outcome['text']}"
    return "no boxes" if outcome.get("boxes") == [] else None
