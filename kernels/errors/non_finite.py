"""Localisation of NaN and infinity: the first layer that makes them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph


def check_outputs(
    graph: Graph, first_not_finite: Mapping[str, int | None], with_nan: AbstractSet[str]
) -> None:
    """Raise InputError, naming a layer, unless the network's float outputs were finite on all inputs.

    ``first_not_finite`` is by tensor: the index of the first calibration input that leads to NaN or infinity
    in it, or None; ``with_nan`` are the tensors with NaN. Infinity inside is no fault as long as outputs are
    finite: attention masks are added so.
    """
    broken = {name for name, index in first_not_finite.items() if index is not None}
    bad = next((name for name in graph.outputs if name in broken), None)
    if bad is None:
        return
    raise InputError(
        f"calibration input {first_not_finite[bad]} leads to NaN or infinity in output {bad!r}"
        f"{_origin(graph, with_nan if bad in with_nan else broken)}"
    )


def _origin(graph: Graph, broken: AbstractSet[str]) -> str:
    """The first layer that makes it out of finite values; where all had it from the inputs, the first."""
    makers = [layer for layer in graph.layers if any(name in broken for name in layer.outputs)]
    sources = [layer for layer in makers if not any(name in broken for name in layer.inputs)]
    first = next(iter(sources or makers), None)
    return f", first made by layer {first.name!r}" if first else ""
