"""Rate-accuracy curves of a boundary: bytes and points of every way to send it, on unseen inputs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from benchmarks.codec.codec_cases import CodecCase, Outputs
from benchmarks.codec.codec_ways import Tensors, Way, coded_ways, ways
from benchmarks.codec.restored_ladders import restored_boundary
from benchmarks.codec.tensor_ladders import ladders_of
from evosplit.shared.graph import Cut
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model, tail_model

_HOPELESS_POINTS: Final = 10.0
"""A way that loses so many on a quarter of the inputs is not followed any further."""
_LEAST_SHARE: Final = 1 / 8
"""Ways that take less of what codes rounded to nearest did, one step for all, are not tried."""


def rate_accuracy_curve(
    case: CodecCase, cut: Cut, right: Sequence[Outputs], allowed_points: float, threads: int
) -> Iterator[dict[str, Any]]:
    """Every kind of way from the fewest bytes on, up to the first that costs no more than the points.

    ``right`` are the float network's outputs for the unseen inputs.
    """
    head, tail = Runner(head_model(case.graph, cut), threads), Runner(tail_model(case.graph, cut), threads)
    calibration = [_made(head, feeds) for feeds in case.calibration]
    made = [_made(head, feeds) for feeds in case.unseen.feeds]
    least = case.points(right, right) - allowed_points
    ladders = ladders_of(calibration, cut.boundary, partial(_after, tail))
    floor_bytes = 0.0
    for kind in ways(ladders):
        for row in _until_kept(((way, tail) for way in kind), case, made, right, least, floor_bytes):
            yield row
            if row["way"] == "nearest":
                floor_bytes = _LEAST_SHARE * row["bytes"]
    restored = restored_boundary(case, cut, ladders, threads)
    for kind in coded_ways("coded", ladders):
        yield from _until_kept(((way, tail) for way in kind), case, made, right, least, floor_bytes)
    for name, learned in restored.ladders.items():
        for kind in coded_ways(name, learned):
            pairs = ((restored.way(way), restored.runner(way, threads)) for way in kind)
            yield from _until_kept(pairs, case, made, right, least, floor_bytes)


def _until_kept(
    pairs: Iterable[tuple[Way, Runner]],
    case: CodecCase,
    made: Sequence[Outputs],
    right: Sequence[Outputs],
    least: float,
    floor_bytes: float,
) -> Iterator[dict[str, Any]]:
    """Ways with the tails behind them that are not too small to try, until one keeps the points."""
    for way, tail in pairs:
        if way.kind not in ("zstd", "nearest") and way.sent(made[0])[0] < floor_bytes:
            continue
        row = _measured(case, way, tail, made, right)
        yield row
        if row["points"] >= least and row["inputs"] == len(right):
            break


def _after(tail: Runner, tensors: Tensors) -> Outputs:
    return tail.run({name: tensors[name] for name in tail.input_names})


def _measured(
    case: CodecCase, way: Way, tail: Runner, made: Sequence[Outputs], right: Sequence[Outputs]
) -> dict[str, Any]:
    """Bytes and points of all inputs, or of the first quarter where that is enough to tell."""
    quarter = len(made) // 4
    sizes, answers = [], []
    for tensors in made:
        size, arrived = way.sent(tensors)
        sizes.append(size)
        answers.append({**tensors, **_after(tail, {**tensors, **arrived})})
        if len(answers) == quarter and _lost(case, right[:quarter], answers) > _HOPELESS_POINTS:
            break
    points = case.points(right[: len(answers)], answers)
    counted = {"bytes": statistics.fmean(sizes), "points": points, "inputs": len(answers)}
    return {"way": way.kind, "setting": way.setting, **counted}


def _lost(case: CodecCase, right: Sequence[Outputs], answers: Sequence[Outputs]) -> float:
    return case.points(right, right) - case.points(right, answers)


def _made(head: Runner, feeds: Mapping[str, np.ndarray]) -> Outputs:
    return {**feeds, **head.run({name: feeds[name] for name in head.input_names})}
