"""A request's tensors as the inputs of a model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from evosplit.shared.errors import InputError
from evosplit.shared.graph.graph import Graph, Tensor
from evosplit.shared.oip.datatypes import datatype_of
from evosplit.shared.oip.messages import InferTensor


def model_inputs(graph: Graph, given: Iterable[InferTensor]) -> dict[str, NDArray[Any]]:
    """The arrays by name, each of the right type and shape, all that the network reads.

    Inputs that nothing reads may be left out; where they are given they are not even looked at. Raises
    InputError.
    """
    items = {item.name: item for item in given}
    unused = {item.name for item in graph.unused_inputs}
    for name in items:
        if name not in graph.inputs and name not in unused:
            raise InputError(f"no input {name!r} here; there are {', '.join(graph.inputs) or 'none'}")
    for name in graph.inputs:
        if name not in items:
            raise InputError(f"input {name!r} is missing")
        _check(items[name], graph.tensors[name])
    return {name: items[name].data for name in graph.inputs}


def _check(item: InferTensor, wanted: Tensor) -> None:
    given, needed = (item.datatype, item.shape), (datatype_of(wanted.dtype), wanted.shape)
    if given != needed:
        raise InputError(
            f"input {item.name} is {given[0]} {list(given[1])}, the model takes {needed[0]} {list(needed[1])}"
        )
