"""Placement of hooks: where they can stand in a head, found in the graph when a model is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from evosplit.shared.graph import Cut, Graph

PlaceKind = Literal["exit", "skip", "channels"]

MOST_EXITS: Final = 6
EARLIEST_EXIT: Final = 1 / 3
"""Share of the arithmetic before which an exit is not worth a border."""
LATEST_EXIT: Final = 0.95
"""Share of the arithmetic after which there is too little left to save."""


@dataclass(frozen=True)
class HookPlace:
    """One place for a hook of ``kind`` that reads ``tap``, which has ``channels`` channels.

    ``done`` is the share of the model's multiply-accumulates that are spent once ``tap`` is there; a border
    here comes after the first ``after`` of the head's layers. For ``skip``, ``until`` is the output of the
    block that may be left out, ``layers`` are its layers, and ``share`` is theirs of the arithmetic.
    """

    kind: PlaceKind
    tap: str
    channels: int
    after: int
    done: float
    until: str = ""
    layers: tuple[int, ...] = ()
    share: float = 0.0


def places(graph: Graph, cut: Cut, most_exits: int = MOST_EXITS) -> tuple[HookPlace, ...]:
    """Every place in the head of ``cut``: exits first, then blocks to skip, then what travels.

    An exit stands where one tensor is all that later layers read, so that a border costs least; of those
    there are at most ``most_exits``, spaced by arithmetic, the earliest and the latest among them. A
    block can be skipped when it reads one tensor and adds to it, and nothing inside is read from outside.
    ``channels`` are the boundary's maps `(1, C, H, W)`.
    """
    return (*exit_places(graph, cut, most_exits), *skip_places(graph, cut), *_travelling(graph, cut))


def exit_places(graph: Graph, cut: Cut, most: int = MOST_EXITS) -> tuple[HookPlace, ...]:
    """As `places`, exits only, in the order of execution.

    Where one tensor crosses, it is a place whatever the arithmetic: an exit there saves the way to the cloud.
    """
    candidates = [
        place
        for place in narrow_places(graph, cut)
        if EARLIEST_EXIT <= place.done <= LATEST_EXIT or (place.tap,) == cut.boundary
    ]
    if len(candidates) <= most or not most:
        return tuple(candidates[:most])
    low, high = candidates[0].done, candidates[-1].done
    marks = (low + (high - low) * step / max(most - 1, 1) for step in range(most))
    nearest = (min(candidates, key=lambda place: abs(place.done - mark)) for mark in marks)
    return tuple(dict.fromkeys(nearest))


def narrow_places(graph: Graph, cut: Cut) -> Iterator[HookPlace]:
    """Every border that one tensor crosses; one that adds no arithmetic replaces the one before."""
    total = graph.macs or 1
    macs, last = 0, None
    for after, alive in enumerate(_alive(graph, cut), 1):
        macs += graph.layers[cut.layers[after - 1]].macs
        if len(alive) != 1 or alive[0] in graph.inputs:
            continue
        place = HookPlace("exit", alive[0], _channels(graph, alive[0]), after, macs / total)
        if last is not None and last.done < place.done:
            yield last
        last = place
    if last is not None:
        yield last


def skip_places(graph: Graph, cut: Cut) -> tuple[HookPlace, ...]:
    """As `places`, blocks to skip only, in the order of execution."""
    total = graph.macs or 1
    blocks = []
    for layer in (graph.layers[index] for index in cut.layers if graph.layers[index].op == "Add"):
        for tap in layer.inputs:
            block = _block(graph, layer.index, tap)
            macs = sum(graph.layers[index].macs for index in block)
            if macs and set(block) <= set(cut.layers):
                done = sum(graph.layers[index].macs for index in cut.layers if index < block[0]) / total
                after = cut.layers.index(block[0])
                until = layer.outputs[0]
                place = HookPlace("skip", tap, _channels(graph, tap), after, done, until, block, macs / total)
                blocks.append(place)
    return tuple(blocks)


def _alive(graph: Graph, cut: Cut) -> Iterator[tuple[str, ...]]:
    """What later layers, here or in the cloud, still read, after each of the head's layers."""
    held = {name: len(graph.consumers[name]) for name in graph.inputs}
    for index in cut.layers:
        for name in graph.layers[index].inputs:
            held[name] -= 1
        held.update({name: len(graph.consumers[name]) for name in graph.layers[index].outputs})
        held = {name: left for name, left in held.items() if left}
        yield tuple(held)


def _block(graph: Graph, add: int, tap: str) -> tuple[int, ...]:
    """Layers of the block that reads ``tap`` and ends in layer ``add``; empty where there is none."""
    made = graph.layers[add].outputs
    inputs = graph.layers[add].inputs
    if len(inputs) != 2 or len(made) != 1 or graph.tensors[made[0]].shape != graph.tensors[tap].shape:
        return ()
    block = _between(graph, add, tap)
    inner = {name for index in block if index != add for name in graph.layers[index].outputs}
    is_whole = len(block) > 1 and block == tuple(range(block[0], add + 1))
    is_read_inside = all(graph.consumers[name] and set(graph.consumers[name]) <= set(block) for name in inner)
    is_closed = is_read_inside and not inner & set(graph.outputs)
    return block if is_whole and is_closed else ()


def _between(graph: Graph, add: int, tap: str) -> tuple[int, ...]:
    """Layers from ``tap`` to ``add``; empty where they read anything else, too."""
    maker = graph.producer
    between, open_names = {add}, [name for name in graph.layers[add].inputs if name != tap]
    while open_names:
        name = open_names.pop()
        if maker[name] < max(maker[tap], 0):
            return ()
        if maker[name] not in between:
            between.add(maker[name])
            open_names += [read for read in graph.layers[maker[name]].inputs if read != tap]
    return tuple(sorted(between))


def _travelling(graph: Graph, cut: Cut) -> Iterator[HookPlace]:
    total = graph.macs or 1
    done = sum(graph.layers[index].macs for index in cut.layers) / total
    for name in cut.boundary:
        if name not in graph.inputs and len(graph.tensors[name].shape) == 4 and graph.tensors[name].is_float:
            yield HookPlace("channels", name, _channels(graph, name), len(cut.layers), done)


def _channels(graph: Graph, name: str) -> int:
    """Of `(1, C, H, W)` the second dimension, of other shapes the last."""
    shape = graph.tensors[name].shape
    return shape[1] if len(shape) == 4 else shape[-1] if shape else 1
