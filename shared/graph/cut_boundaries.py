"""Boundary tensors of cuts, and the enumeration of the cuts of a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from evosplit.shared.errors import UsageError
from evosplit.shared.graph.graph import Cut, Graph

MOST_KNOWN_CUTS: Final = 1024
"""Whoever may send frames may name any cut."""


def make_cut(graph: Graph, layers: Iterable[int]) -> Cut:
    """The cut that runs ``layers`` on the edge. Raises UsageError if the set is not downward closed."""
    chosen = tuple(sorted(set(layers)))
    _check_closed(graph, chosen)
    return Cut(chosen, _boundary(graph, frozenset(chosen)))


def prefix_cut(graph: Graph, index: int) -> Cut:
    """The cut after the first ``index`` layers. Raises UsageError when there are not so many."""
    return _known(graph, str(index), lambda: _prefix_cut(graph, index))


def _prefix_cut(graph: Graph, index: int) -> Cut:
    if not 0 <= index <= len(graph.layers):
        raise UsageError(f"cut {index} is out of range: {graph.name} has cuts 0 to {len(graph.layers)}")
    return Cut(tuple(range(index)), _boundary(graph, frozenset(range(index))))


def prefix_cuts(graph: Graph) -> tuple[Cut, ...]:
    """Every prefix of the topological order, cloud only first, edge only last."""
    return tuple(prefix_cut(graph, index) for index in range(len(graph.layers) + 1))


def parse_cut(graph: Graph, key: str) -> Cut:
    """The cut that ``Cut.key`` names. Raises UsageError."""
    return _known(graph, key, lambda: _parsed_cut(graph, key))


def _known(graph: Graph, key: str, make: Callable[[], Cut]) -> Cut:
    """A cut is worked out once, which takes as long as decoding a small frame; the first so many are kept."""
    known = graph.known_cuts.get(key)
    if known is None:
        known = make()
        if len(graph.known_cuts) < MOST_KNOWN_CUTS:
            graph.known_cuts[key] = known
    return known


def _parsed_cut(graph: Graph, key: str) -> Cut:
    try:
        if not key.startswith("x"):
            return _prefix_cut(graph, int(key))
        bits = int(key[1:], 16)
    except ValueError:
        raise UsageError(f"not a cut: {key!r}") from None
    if bits >> len(graph.layers):
        raise UsageError(f"cut {key} names layers that {graph.name} does not have")
    return make_cut(graph, (index for index in range(len(graph.layers)) if bits >> index & 1))


def _boundary(graph: Graph, chosen: frozenset[int]) -> tuple[str, ...]:
    made = [name for layer in graph.layers if layer.index in chosen for name in layer.outputs]
    held = [*graph.inputs, *made]
    wanted = {name for layer in graph.layers if layer.index not in chosen for name in layer.inputs}
    return tuple(name for name in held if name in wanted)


def _check_closed(graph: Graph, chosen: tuple[int, ...]) -> None:
    have = set(graph.inputs).union(*(graph.layers[index].outputs for index in chosen))
    for index in chosen:
        missing = set(graph.layers[index].inputs) - have
        if missing:
            raise UsageError(
                f"{graph.layers[index].name} needs {min(missing)}, which the cut leaves in the cloud"
            )
