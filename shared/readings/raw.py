"""Raw outputs, without a meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.readings.reading import Reading, rounded

MAX_VALUES: Final = 1024
"""Larger tensors are summed up instead of written out."""


def read_raw(outputs: Mapping[str, NDArray[Any]]) -> Reading:
    """``{"tensors": {name: {"shape", "dtype", "least", "greatest", "values"?}}}``; NaN as null.

    Strings have neither a least nor a greatest.
    """
    return Reading({"tensors": {name: _describe(values) for name, values in outputs.items()}}, None)


def _describe(values: NDArray[Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"shape": list(values.shape), "dtype": str(values.dtype)}
    if values.dtype == object:
        described["dtype"] = "string"
    elif values.size:
        described |= {"least": _plain(values.min()), "greatest": _plain(values.max())}
    if values.size <= MAX_VALUES:
        described["values"] = [_plain(value) for value in values.reshape(-1)]
    return described


def _plain(value: Any) -> float | int | str | None:  # noqa: ANN401 - a NumPy scalar of any type
    if isinstance(value, (bytes, str)):
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if isinstance(value, np.floating):
        return rounded(float(value)) if np.isfinite(value) else None
    return int(value)
