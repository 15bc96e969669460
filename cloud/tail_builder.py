"""Construction of tails: sessions that share their weights, with a free batch where a network allows one."""

from __future__ import annotations

from collections.abc import Sequence

from evosplit.cloud.batching.batch_runner import open_batches
from evosplit.cloud.batching.batch_sizes import LARGEST
from evosplit.cloud.tail_cache import Tail
from evosplit.cloud.weight_pool import WeightPool
from evosplit.shared.graph import Cut, Graph
from evosplit.shared.providers import ProviderName, Providers
from evosplit.shared.restoration.network import Restoration
from evosplit.shared.restoration.restored_tail import restored_tail
from evosplit.shared.split import tail_model

_SESSION_BYTES = 2 * 10**6
"""What a session takes beside weights and activations (measured on ONNX Runtime 1.31, CPU)."""


class TailBuilder:
    """Builds tails for ``threads`` each, on a provider of ONNX Runtime. Safe to call from several threads."""

    def __init__(self, threads: int, provider: ProviderName = "cpu") -> None:
        self._pool = WeightPool()
        self._providers = Providers(provider, threads, opener=self._pool.open)

    def build(self, graph: Graph, cut: Cut, restorations: Sequence[Restoration] = ()) -> Tail:
        """A tail behind restorations, with batches of sizes that nobody measured; about a second.

        Raises ModelError when the runtime does not take it, RestorationError.
        """
        before_bytes = self._pool.memory_bytes
        model = restored_tail(tail_model(graph, cut), restorations)
        runner = open_batches(model, self._providers.open)
        new_bytes = self._pool.memory_bytes - before_bytes
        return Tail(runner, new_bytes + activation_bytes(graph, cut, max(runner.times.seconds)))

    def build_measured(self, graph: Graph, cut: Cut, restorations: Sequence[Restoration] = ()) -> Tail:
        """As `build`, with the batch sizes that pay; it has run then. Takes another second or so."""
        tail = self.build(graph, cut, restorations)
        runner = tail.runner.measured(tail_model(graph, cut))
        return Tail(runner, tail.memory_bytes)

    def wanted_bytes(self, graph: Graph, cut: Cut) -> int:
        """What a tail will take at most, if its weights are in the pool already."""
        return activation_bytes(graph, cut, LARGEST)


def activation_bytes(graph: Graph, cut: Cut, batch: int) -> int:
    """Estimate of a session without its weights: the two largest activations, for so many samples."""
    edge = set(cut.layers)
    made = [
        graph.tensors[name].size_bytes
        for layer in graph.layers
        if layer.index not in edge
        for name in (*layer.inputs, *layer.outputs)
        if name in graph.tensors
    ]
    return _SESSION_BYTES + batch * sum(sorted(made)[-2:])
