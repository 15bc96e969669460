"""JSON serialisation of frozen dataclasses: canonical, checked field by field, with digests."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from evosplit.shared.errors import EvoSplitError

T = TypeVar("T")


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - any annotation that pydantic knows
    return TypeAdapter(kind)


def to_data(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """The plain dicts, lists and scalars of a dataclass."""
    return _adapter(cast(Any, type(value))).dump_python(value, mode="json")


def to_json(value: object) -> bytes:
    """Canonical JSON: sorted keys, no spaces, so that equal values have equal bytes.

    Raises EvoSplitError, naming the place, for NaN and infinity, which JSON does not have.
    """
    data = to_data(value)
    try:
        return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        place = next(_not_finite(data), "content")
        raise EvoSplitError(f"{type(value).__name__}: {place} is NaN or infinity, which JSON lacks") from None


def to_compact_json(value: object) -> bytes:
    """JSON for `from_json`, in the order of the fields, with null for NaN and infinity; a fifth of the time.

    Raises ValueError for text that is no Unicode.
    """
    return _adapter(cast(Any, type(value))).dump_json(value)


def json_text(data: Any) -> str:  # noqa: ANN401 - JSON has no narrower type
    """JSON of plain data for readers who can do without a number: null for NaN and infinity."""
    try:
        return json.dumps(data, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(data), allow_nan=False)


def _finite(data: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if isinstance(data, dict):
        return {key: _finite(item) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(item) for item in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def _not_finite(data: Any, place: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON has no narrower type
    """The places of NaN and infinity, as keys and indices between dots."""
    if isinstance(data, float) and not math.isfinite(data):
        yield place or "the value"
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in items:
        yield from _not_finite(item, f"{place}.{key}" if place else str(key))


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
