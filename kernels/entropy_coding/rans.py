"""Range asymmetric numeral coding (Duda 2013), 32-bit states and 16-bit words: what both directions share."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

LEAST_STATE: Final = 1 << 16
"""A state lies from here to 2**32 - 1; one that falls below takes in a word of 16 bits."""

Scalar: TypeAlias = Any
"""A whole number inside a kernel, 64 bits there."""
