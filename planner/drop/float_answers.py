"""Reference answers of the float network: each input is run when its answer is first asked for, and once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np

from evosplit.shared.graph import Graph
from evosplit.shared.session import Runner

T = TypeVar("T")
Values = Mapping[str, np.ndarray]


class FloatAnswers(Generic[T]):
    """``read(index, outputs)`` of every input; a judge that nobody asks runs nothing.

    ``inputs`` are feeds by input name; they may be read lazily, and none is kept. ``threads`` 0: all cores.
    """

    def __init__(
        self, graph: Graph, inputs: Sequence[Values], threads: int, read: Callable[[int, Values], T]
    ) -> None:
        self._graph, self._inputs, self._threads, self._read = graph, inputs, threads, read
        self._known: dict[int, T] = {}

    def __getitem__(self, index: int) -> T:
        if index not in self._known:
            self._known[index] = self._read(index, self._runner.run(self._inputs[index]))
        return self._known[index]

    @cached_property
    def _runner(self) -> Runner:
        return Runner(self._graph.model, self._threads)
