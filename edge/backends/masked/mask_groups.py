"""Mask propagation: one *mask group* for all tensors whose change masks are always the same.

A group is a rule for its mask, from the masks of groups before it. Layers of one group share one list of
positions. A group is named by its index in the list of groups, which is in execution order.
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
class InputChanged:
    """Where a model's input changed."""

    tensor: str
    size: Pair


@dataclass(frozen=True)
class Dilated:
    """Set where the window holds a set position."""

    group: int
    window: Window
    size: Pair


@dataclass(frozen=True)
class Union:
    """Set where any group is; of no groups: never."""

    groups: tuple[int, ...]
    size: Pair


@dataclass(frozen=True)
class Strided:
    """Some rows and columns of a group."""

    group: int
    rows: Span
    columns: Span
    size: Pair


@dataclass(frozen=True)
class Upsampled:
    """Each position becomes a rectangle of ``factor``."""

    group: int
    factor: Pair
    size: Pair


@dataclass(frozen=True)
class Thresholded:
    """Where a tensor, computed at ``group``, changed enough to go on."""

    group: int
    tensor: str
    size: Pair


MaskRule: TypeAlias = InputChanged | Dilated | Union | Strided | Upsampled | Thresholded


def sources(rule: MaskRule) -> tuple[int, ...]:
    """The groups that a rule reads."""
    if isinstance(rule, InputChanged):
        return ()
    return rule.groups if isinstance(rule, Union) else (rule.group,)


@dataclass(frozen=True)
class MaskGroups:
    """``computed``: where each operation's output is computed; ``seen``: where its readers see a change."""

    rules: tuple[MaskRule, ...]
    computed: Mapping[str, int]
    seen: Mapping[str, int]


class _Rules:
    """Rules in the order in which they were first met, each once."""

    def __init__(self) -> None:
        self.numbers: dict[MaskRule, int] = {}

    def add(self, rule: MaskRule) -> int:
        return self.numbers.setdefault(rule, len(self.numbers))

    def rule(self, number: int) -> MaskRule:
        return tuple(self.numbers)[number]

    def union(self, groups: Sequence[int], size: Pair) -> int:
        distinct = tuple(sorted(set(groups)))
        return distinct[0] if len(distinct) == 1 else self.add(Union(distinct, size))


def find_mask_groups(network: Network, thresholds: Callable[[Op], bool]) -> MaskGroups:
    """The groups of a network; small changes of the outputs that ``thresholds`` selects are held back."""
    rules = _Rules()
    seen = {name: rules.add(InputChanged(name, network.shapes[name][:2])) for name in network.inputs}
    computed = dict(seen)
    for op in network.ops:
        group = computed[op.out] = _computed(op, network, seen, rules)
        size = network.shapes[op.out][:2]
        # What was just thresholded changes with its input; comparing again would hold back next to nothing.
        fresh = not isinstance(rules.rule(group), Thresholded)
        seen[op.out] = rules.add(Thresholded(group, op.out, size)) if fresh and thresholds(op) else group
    return MaskGroups(tuple(rules.numbers), computed, seen)


def _computed(op: Op, network: Network, seen: Mapping[str, int], rules: _Rules) -> int:
    groups, size = [seen[name] for name in op.reads], network.shapes[op.out][:2]
    if isinstance(op, Conv | Pool) and not op.window.is_point:
        groups[0] = rules.add(Dilated(groups[0], op.window, size))
    elif isinstance(op, SpaceToDepth):
        square = Window((op.step, op.step), (op.step, op.step))
        groups[0] = rules.add(Dilated(groups[0], square, size))
    elif isinstance(op, Slice) and not _keeps_positions(op, network.shapes[op.x][:2]):
        groups[0] = rules.add(Strided(groups[0], op.rows, op.columns, size))
    elif isinstance(op, Upsample):
        groups[0] = rules.add(Upsampled(groups[0], op.factor, size))
    return rules.union(groups, size)


def _keeps_positions(op: Slice, size: Pair) -> bool:
    return range(*op.rows) == range(size[0]) and range(*op.columns) == range(size[1])


def kept_tensors(network: Network, groups: MaskGroups) -> frozenset[str]:
    """Tensors that are read where they have not just been computed, so must outlive a frame."""
    kept = {rule.tensor for rule in groups.rules if isinstance(rule, Thresholded)}
    for op in network.ops:
        for operand, name in enumerate(op.reads):
            if _reads_elsewhere(op, operand, name, groups):
                kept.add(name)
    return frozenset(kept)


def _reads_elsewhere(op: Op, operand: int, name: str, groups: MaskGroups) -> bool:
    if isinstance(op, Conv | Pool) and operand == 0 and not op.window.is_point:
        return True
    if isinstance(op, Slice | Upsample | SpaceToDepth):
        return False
    return groups.seen[name] != groups.computed[op.out]
