"""Profiler: measures seconds per layer, and of whole heads and tails, with ONNX Runtime."""

from __future__ import annotations

import dataclasses
import itertools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.shared.graph import Cut, Graph, prefix_cut
from evosplit.shared.isotonic import isotonic
from evosplit.shared.machine import this_machine
from evosplit.shared.profile import BUSY, Profile, left_out_residual
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.split import head_model, layer_model, tail_model

Progress = Callable[[int, int], None]

METHOD: Final = (
    "rested heads and tails, packing small and large, entropy coding to nearest and economical, transforms"
)
"""How profiles are measured; one that was kept and measured otherwise is measured again."""
MAX_CUTS: Final = 10
_HELD_BYTES: Final = 256_000_000
"""All heads and tails are in memory at once; a big network gets fewer of them."""
_LAYER_BUDGET_S: Final = 0.06
_WHOLE_BUDGET_S: Final = 6.0
_REST: Final = 7.0
_LONGEST_REST_S: Final = 0.03
"""A frame mostly finds the machine idle and its caches full of other things: before each run of a head or
tail the machine rests for so many times as long as the last one took."""
_FEWEST_RUNS: Final = 5
_MOST_RUNS: Final = 30
_BLOCKS: Final = 3
_REPEATS: Final = 2
_READABLE_S: Final = 1e-3
"""What takes less in all differs by more than load explains."""


@dataclass
class _Timed:
    """A model with its inputs, and how long its runs took."""

    runner: Runner
    feeds: Mapping[str, np.ndarray]
    runs_s: list[float]

    def run(self) -> dict[str, np.ndarray]:
        return self.runner.run(self.feeds)

    def measure_warm(self) -> None:
        """One run that fetches the weights back into the caches, and one that counts."""
        self.run()
        self._count()

    def measure_rested(self) -> None:
        """A rest, and one run that counts."""
        if self.runner.has_nodes:
            last_s = self.runs_s[-1] if self.runs_s else 0.0
            time.sleep(min(_REST * last_s, _LONGEST_REST_S))
        self._count()

    def _count(self) -> None:
        start_s = time.perf_counter()
        self.run()
        self.runs_s.append(time.perf_counter() - start_s)

    @property
    def typical_s(self) -> float:
        """A model without nodes takes no time."""
        return quiet_median(self.runs_s) if self.runner.has_nodes else 0.0


def quiet_median(runs: Sequence[float]) -> float:
    """The least median of three stretches of runs: load that comes and goes spoils one or two of them.

    The median of all where there are too few runs to part.
    """
    length = len(runs) // _BLOCKS
    if length < _BLOCKS:
        return statistics.median(runs)
    starts = range(0, _BLOCKS * length, length)
    return min(statistics.median(runs[start : start + length]) for start in starts)


def measure_profile(
    graph: Graph,
    threads: int,
    slowdown: float,
    progress: Progress | None = None,
    encode_s_per_byte: float = 0.0,
    decode_s_per_byte: float = 0.0,
    plain_s_per_byte: tuple[float, float] | None = None,
    pack_s: float = 0.0,
) -> Profile:
    """Medians of repeated runs on seeded random inputs, all multiplied by ``slowdown``.

    Layers run alone, one session each, warm: what counts of them is their share. Heads and tails run whole
    at up to ten cuts (both ends among them), each after a short rest, taking turns so that noise meets all
    alike, and are then made to grow with their length; where their times differ by more than `BUSY` the
    machine was busy, and they are measured again, twice at most. ``progress`` gets steps done and steps in
    all. The codec's figures (per float32 byte, not slowed yet), those without one, and of a frame whatever
    its size come from the caller. Raises ModelError.
    """
    report = progress or (lambda done, total: None)
    total = len(graph.layers) + MAX_CUTS
    layer_s = _layers_s(graph, threads, lambda done: report(done, total))
    cuts = [prefix_cut(graph, index) for index in _cut_indices(graph, layer_s)]
    wholes = _wholes(graph, cuts, threads)
    head_s, tail_s = wholes.head_s, wholes.tail_s
    report(total, total)
    residual = left_out_residual(tuple(layer_s), head_s, tail_s)
    return Profile(
        model=graph.name,
        model_sha256=graph.sha256,
        machine=this_machine(),
        threads=threads,
        slowdown=slowdown,
        layer_s=tuple(seconds * slowdown for seconds in layer_s),
        head_s={index: seconds * slowdown for index, seconds in head_s.items()},
        tail_s={index: seconds * slowdown for index, seconds in tail_s.items()},
        encode_s_per_byte=encode_s_per_byte * slowdown,
        decode_s_per_byte=decode_s_per_byte * slowdown,
        residual=residual,
        pack_s=pack_s * slowdown,
        spread=wholes.spread,
        repeats=wholes.repeats,
        plain_s_per_byte=None if plain_s_per_byte is None else _slowed(plain_s_per_byte, slowdown),
    )


def _slowed(pair: tuple[float, float], slowdown: float) -> tuple[float, float]:
    return pair[0] * slowdown, pair[1] * slowdown


def _layers_s(graph: Graph, threads: int, report: Callable[[int], None]) -> list[float]:
    """Each layer runs on what the layers before it made; tensors are dropped after their last reader."""
    last_reader = {name: layer.index for layer in graph.layers for name in layer.inputs}
    values = random_feeds(graph.model)
    layer_s = []
    for layer in graph.layers:
        feeds = {name: values[name] for name in layer.inputs}
        timed = _Timed(Runner(layer_model(graph, layer.index), threads), feeds, [])
        values |= timed.run()
        _repeat([timed.measure_warm], _LAYER_BUDGET_S)
        layer_s.append(timed.typical_s)
        values = {name: array for name, array in values.items() if last_reader.get(name, -1) > layer.index}
        report(layer.index + 1)
    return layer_s


def _cut_indices(graph: Graph, layer_s: Sequence[float]) -> list[int]:
    """Both ends, and cuts between them that part the time evenly."""
    weight_bytes = 4 * sum(layer.weight_elements for layer in graph.layers)
    parts = max(1, min(MAX_CUTS - 1, _HELD_BYTES // max(weight_bytes, 1)))
    reached_s = list(itertools.accumulate(layer_s))
    marks_s = [reached_s[-1] * part / parts for part in range(1, parts)]
    inner = {int(np.searchsorted(reached_s, mark_s)) + 1 for mark_s in marks_s}
    return sorted(inner | {0, len(layer_s)})


@dataclass(frozen=True)
class Wholes:
    """Seconds of heads and of tails by the length of their prefix, and how calm the machine was."""

    head_s: dict[int, float]
    tail_s: dict[int, float]
    spread: float
    repeats: int = 0


def _wholes(graph: Graph, cuts: Sequence[Cut], threads: int) -> Wholes:
    values = random_feeds(graph.model)
    heads = {}
    tails = {}
    for cut in cuts:
        index = len(cut.layers)
        heads[index] = _timed(Runner(head_model(graph, cut), threads), values)
        tails[index] = _timed(Runner(tail_model(graph, cut), threads), heads[index].run())
    return calmest(lambda: _measured(heads, tails))


def calmest(measure: Callable[[], Wholes]) -> Wholes:
    """Measure again while the machine is busy; of all that were measured, what spread least."""
    rounds = [measure()]
    while rounds[-1].spread > BUSY and len(rounds) <= _REPEATS:
        rounds.append(measure())
    return dataclasses.replace(min(rounds, key=lambda wholes: wholes.spread), repeats=len(rounds) - 1)


def _measured(heads: Mapping[int, _Timed], tails: Mapping[int, _Timed]) -> Wholes:
    every = (*heads.values(), *tails.values())
    for each in every:
        each.runs_s.clear()
    _repeat([each.measure_rested for each in every], _WHOLE_BUDGET_S)
    turns_s = [sum(runs_s) for runs_s in zip(*(each.runs_s for each in every), strict=True)]
    tail_s = _growing_s({index: tails[index] for index in sorted(tails, reverse=True)})
    return Wholes(_growing_s(heads), dict(reversed(tail_s.items())), spread_of(turns_s))


def spread_of(turns_s: Sequence[float]) -> float:
    """How much longer than a quiet turn the upper quartile of turns took, as a share."""
    quiet_s = quiet_median(turns_s)
    upper_s = statistics.quantiles(turns_s, n=4)[2]
    return 0.0 if quiet_s < _READABLE_S else max(upper_s / quiet_s - 1.0, 0.0)


def _timed(runner: Runner, values: Mapping[str, np.ndarray]) -> _Timed:
    return _Timed(runner, {name: values[name] for name in runner.input_names}, [])


def _repeat(measures: Sequence[Callable[[], None]], budget_s: float) -> None:
    """Let all run in turns until the budget is spent, but no fewer and no more times than set above."""
    end_s = time.perf_counter() + budget_s
    for turn in range(_MOST_RUNS):
        if turn >= _FEWEST_RUNS and time.perf_counter() > end_s:
            break
        for measure in measures:
            measure()


def _growing_s(timed: Mapping[int, _Timed]) -> dict[int, float]:
    """In the order given each part holds the one before it, so that it cannot take less time."""
    return dict(zip(timed, isotonic([each.typical_s for each in timed.values()]), strict=True))
