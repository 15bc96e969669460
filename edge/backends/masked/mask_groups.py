"""Which positions change together: one *area* for all tensors whose masks are always the same.

An area is a rule for its mask, from the masks of areas before it. Layers of one area share one list of
positions. Numbers are places in the list of areas, which is in execution order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from evosplit.edge.backends.masked.ops import (
    Conv,
    Network,
    Op,
    Pool,
    Slice,
    SpaceToDepth,
    Span,
    Upsample,
)
from evosplit.kernels.masked.window import Pair, Window


@dataclass(frozen=True)
class Source:
    """Where a model's input changed."""

    tensor: str
    size: Pair


@dataclass(frozen=True)
class Spread:
    """Set where the window holds a set position."""

    area: int
    window: Window
    size: Pair


@dataclass(frozen=True)
class Union:
    """Set where any is; of no areas: never."""

    areas: tuple[int, ...]
    size: Pair


@dataclass(frozen=True)
class Strided:
    """Some rows and columns of an area."""

    area: int
    rows: Span
    columns: Span
    size: Pair


@dataclass(frozen=True)
class Enlarged:
    """Each position becomes a rectangle of ``factor``."""

    area: int
    factor: Pair
    size: Pair


@dataclass(frozen=True)
class Settled:
    """Where a tensor, computed at ``area``, changed enough to go on."""

    area: int
    tensor: str
    size: Pair


Rule: TypeAlias = Source | Spread | Union | Strided | Enlarged | Settled


def sources(rule: Rule) -> tuple[int, ...]:
    """The areas that a rule reads."""
    if isinstance(rule, Source):
        return ()
    return rule.areas if isinstance(rule, Union) else (rule.area,)


@dataclass(frozen=True)
class Areas:
    """``computed``: where each operation's output is computed; ``seen``: where its readers see a change."""

    rules: tuple[Rule, ...]
    computed: Mapping[str, int]
    seen: Mapping[str, int]


class _Book:
    """Areas by rule, each once."""

    def __init__(self) -> None:
        self.numbers: dict[Rule, int] = {}

    def add(self, rule: Rule) -> int:
        return self.numbers.setdefault(rule, len(self.numbers))

    def rule(self, number: int) -> Rule:
        return tuple(self.numbers)[number]

    def union(self, areas: Sequence[int], size: Pair) -> int:
        distinct = tuple(sorted(set(areas)))
        return distinct[0] if len(distinct) == 1 else self.add(Union(distinct, size))


def find_areas(network: Network, settles: Callable[[Op], bool]) -> Areas:
    """The areas of a network; outputs of the operations that ``settles`` names are compared and settled."""
    book = _Book()
    seen = {name: book.add(Source(name, network.shapes[name][:2])) for name in network.inputs}
    computed = dict(seen)
    for op in network.ops:
        area = computed[op.out] = _computed(op, network, seen, book)
        size = network.shapes[op.out][:2]
        # What was just settled changes with its input; comparing again would find next to nothing.
        fresh = not isinstance(book.rule(area), Settled)
        seen[op.out] = book.add(Settled(area, op.out, size)) if fresh and settles(op) else area
    return Areas(tuple(book.numbers), computed, seen)


def _computed(op: Op, network: Network, seen: Mapping[str, int], book: _Book) -> int:
    areas, size = [seen[name] for name in op.reads], network.shapes[op.out][:2]
    if isinstance(op, Conv | Pool) and not op.window.is_point:
        areas[0] = book.add(Spread(areas[0], op.window, size))
    elif isinstance(op, SpaceToDepth):
        square = Window((op.step, op.step), (op.step, op.step))
        areas[0] = book.add(Spread(areas[0], square, size))
    elif isinstance(op, Slice) and not _keeps_positions(op, network.shapes[op.x][:2]):
        areas[0] = book.add(Strided(areas[0], op.rows, op.columns, size))
    elif isinstance(op, Upsample):
        areas[0] = book.add(Enlarged(areas[0], op.factor, size))
    return book.union(areas, size)


def _keeps_positions(op: Slice, size: Pair) -> bool:
    return range(*op.rows) == range(size[0]) and range(*op.columns) == range(size[1])


def kept_tensors(network: Network, areas: Areas) -> frozenset[str]:
    """Tensors that are read where they have not just been computed, so must outlive a frame."""
    kept = {rule.tensor for rule in areas.rules if isinstance(rule, Settled)}
    for op in network.ops:
        for at, name in enumerate(op.reads):
            if _reads_elsewhere(op, at, name, areas):
                kept.add(name)
    return frozenset(kept)


def _reads_elsewhere(op: Op, at: int, name: str, areas: Areas) -> bool:
    if isinstance(op, Conv | Pool) and at == 0 and not op.window.is_point:
        return True
    if isinstance(op, Slice | Upsample | SpaceToDepth):
        return False
    return areas.seen[name] != areas.computed[op.out]
