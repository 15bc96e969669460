"""Validation errors of pydantic in words for one line.

Settings, requests and files of lists all tell of the first thing that is wrong, and where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def validation_line(problem: Mapping[str, Any]) -> str:
    """The message of one of `ValidationError.errors`, begun with a small letter.

    The rest keeps its letters: names and patterns that it quotes are told apart by them.
    """
    message = str(problem["msg"])
    return message[:1].lower() + message[1:]


def problem_place(problem: Mapping[str, Any]) -> str:
    """Where one of `ValidationError.errors` is, as in ``sinks.0.name``; empty for the whole.

    Names of fields and numbers in lists, from the outermost to the innermost, with dots between them.
    """
    return ".".join(str(part) for part in problem["loc"])
