"""Frozen dataclasses to canonical JSON and back, checked field by field, and their digests."""

from __future__ import annotations

import functools
import hashlib
import json
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from shared.errors import EvoSplitError

T = TypeVar("T")


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - any annotation that pydantic knows
    return TypeAdapter(kind)


def to_data(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """The plain dicts, lists and scalars of a dataclass; NaN and infinity become null."""
    return _adapter(cast(Any, type(value))).dump_python(value, mode="json")


def to_json(value: object) -> bytes:
    """Canonical JSON: sorted keys, no spaces, so that equal values have equal bytes."""
    return json.dumps(to_data(value), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def from_json(kind: type[T], content: bytes | str, error: type[EvoSplitError]) -> T:
    """Parse and check. Raises ``error`` with the first thing that is wrong."""
    try:
        value = cast(T, _adapter(cast(Any, kind)).validate_json(content))
    except ValidationError as invalid:
        first = invalid.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "content"
        raise error(f"not a valid {kind.__name__}: {place}: {first['msg']}") from None
    return value


def from_data(kind: type[T], data: object, error: type[EvoSplitError]) -> T:
    """As ``from_json``, from parsed JSON."""
    return from_json(kind, json.dumps(data), error)


def digest(value: object) -> str:
    """sha256 of the canonical JSON, hexadecimal."""
    return hashlib.sha256(to_json(value)).hexdigest()
