"""Geographic position (latitude and longitude) of an edge, and what people call it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from evosplit.shared.errors import InputError, UsageError

LONGEST_NAME: Final = 64
_NUMBER: Final = r"[+-]?\d{1,3}(?:\.\d{1,12})?"
_FORM: Final = re.compile(rf"(?:(?P<name>.*\S)\s+)?(?P<latitude>{_NUMBER})\s*,\s*(?P<longitude>{_NUMBER})")


@dataclass(frozen=True)
class Place:
    """Degrees north and east (WGS 84). Raises InputError for what is not on Earth."""

    latitude_deg: float
    longitude_deg: float
    name: str = ""

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude_deg <= 90 and -180 <= self.longitude_deg <= 180):
            raise InputError("a latitude is from -90 to 90, a longitude from -180 to 180")
        if len(self.name) > LONGEST_NAME or not self.name.isprintable():
            raise InputError(f"the name of a place has at most {LONGEST_NAME} characters that can be printed")


def parse_place(text: str) -> Place:
    """A place from ``51.5,-0.12`` or ``North gate 51.5,-0.12``. Raises UsageError."""
    matched = _FORM.fullmatch(text.strip())
    if matched is None:
        raise UsageError(f"not a place: {text[:80]!r} (write it like 51.5,-0.12 or 'North gate 51.5,-0.12')")
    try:
        return Place(float(matched["latitude"]), float(matched["longitude"]), matched["name"] or "")
    except InputError as problem:
        raise UsageError(f"not a place: {text[:80]!r}: {problem}") from None
