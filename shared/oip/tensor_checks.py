"""Validation of request tensors against a model: names, datatypes and shapes."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.errors import InputError
from evosplit.shared.graph.graph import Graph
from evosplit.shared.oip.datatypes import datatype_of
from evosplit.shared.oip.messages import HEADER_LENGTH, InferTensor

Kind: TypeAlias = tuple[str, tuple[int, ...]]
"""Type and shape."""


def model_inputs(graph: Graph, given: Iterable[InferTensor]) -> dict[str, NDArray[Any]]:
    """The arrays by name, each of the right type and shape, all that the network reads.

    Inputs that nothing reads may be left out; where they are given they are not even looked at. Half
    precision is taken for float32: files in half precision are loaded as float32, and clients that were
    written for them send what the file says. Raises InputError.
    """
    items = {item.name: item for item in given}
    check_names("input", items, graph.inputs, {item.name for item in graph.unused_inputs})
    read = {name: _widened(items[name]) for name in graph.inputs}
    for name, item in read.items():
        wanted = graph.tensors[name]
        check_kind(f"input {name}", (item.datatype, item.shape), (datatype_of(wanted.dtype), wanted.shape))
    return {name: item.data for name, item in read.items()}


def _widened(item: InferTensor) -> InferTensor:
    if item.datatype != "FP16":
        return item
    return dataclasses.replace(item, datatype="FP32", data=item.data.astype(np.float32))


def check_names(
    what: str, given: Collection[str], wanted: Sequence[str], may_be: Collection[str] = ()
) -> None:
    """All that are wanted, and no other but those that ``may_be``. Raises InputError."""
    for name in given:
        if name not in wanted and name not in may_be:
            raise InputError(f"no {what} {name!r} here; there are {', '.join(wanted) or 'none'}")
    for name in wanted:
        if name not in given:
            raise InputError(f"{what} {name!r} is missing")


def check_kind(what: str, given: Kind, wanted: Kind) -> None:
    """A tensor's type and shape. Raises InputError."""
    if given != wanted:
        raise InputError(
            f"{what} is {given[0]} {list(given[1])}, the model takes {wanted[0]} {list(wanted[1])}"
        )


def header_length(text: str | None) -> int | None:
    """The value of the HTTP header `HEADER_LENGTH`, None without one. Raises InputError."""
    if text is not None and not (text.isascii() and text.isdigit() and len(text) < 20):
        raise InputError(f"{HEADER_LENGTH} is not a number of bytes")
    return None if text is None else int(text)
