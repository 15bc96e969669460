"""JSON requests that set something: an object, checked by a pydantic model, with errors of one line."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from evosplit.shared.errors import UsageError
from evosplit.shared.validation_line import problem_place, validation_line

M = TypeVar("M", bound=BaseModel)


def json_object(content: bytes, what: str) -> dict[str, Any]:
    """A JSON object. Raises UsageError that says ``what`` it is to hold."""
    try:
        told = json.loads(content)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise UsageError(f"send a JSON object with {what}")
    return told


def checked(kind: type[M], told: dict[str, Any]) -> M:
    """The object as a model's values. Raises UsageError that names the first thing that is wrong."""
    try:
        return kind.model_validate(told)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        place = problem_place(first)
        raise UsageError(f"{place}: {validation_line(first)}" if place else validation_line(first)) from None
