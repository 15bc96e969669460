"""Parsing of shapes as people write them: ``1x3x640x640``."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from evosplit.shared.errors import UsageError

Shape: TypeAlias = tuple[int, ...]

_TEXT: Final = re.compile(r"[1-9][0-9]{0,8}(x[1-9][0-9]{0,8}){0,7}")


def parse_shape(text: str) -> Shape:
    """Up to eight sizes above zero. Raises UsageError."""
    if not _TEXT.fullmatch(text):
        raise UsageError(f"not a shape: {text!r} (write it like 1x3x640x640)")
    return tuple(int(size) for size in text.split("x"))


def parse_named_shape(text: str) -> tuple[str, Shape]:
    """``x=1x3x640x640`` as an input's name and its shape; a name may hold ``=``. Raises UsageError."""
    name, _, shape = text.rpartition("=")
    if not name:
        raise UsageError(f"not an input and its shape: {text!r} (write it like x=1x3x640x640)")
    return name, parse_shape(shape)


def parse_model_shape(text: str) -> tuple[str, str, Shape]:
    """``detector:x=1x3x640x640`` as model, input and shape. Raises UsageError."""
    model, colon, rest = text.partition(":")
    if not model or not colon:
        raise UsageError(f"not a model, an input and its shape: {text!r} (write it like net:x=1x3x640x640)")
    return model, *parse_named_shape(rest)


def shape_text(shape: Shape) -> str:
    """``1x3x640x640``; ``scalar`` for no dimensions."""
    return "x".join(str(size) for size in shape) or "scalar"
