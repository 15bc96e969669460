"""Range propagation through layers that only move values, so that integers pass through them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from evosplit.kernels.errors.error_table import ActivationErrors
from evosplit.shared.graph import Graph
from evosplit.shared.graph.value_moves import passed_on


def with_shared_ranges(graph: Graph, errors: Mapping[str, ActivationErrors]) -> dict[str, ActivationErrors]:
    """The errors, with the ranges of such a layer's input given to its outputs.

    Values that are rounded already then stay as they are. The errors themselves are left as measured.
    """
    sources = {name: source for name, source in passed_on(graph).items() if {name, source} <= errors.keys()}
    moved = {name: replace(errors[name], ranges=errors[source].ranges) for name, source in sources.items()}
    return {**errors, **moved}
