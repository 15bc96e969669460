"""Data plane: from the bytes of a request to those of its answer: decode, run, encode. No HTTP, no Ray."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from evosplit.cloud.registry import Model, Registry
from evosplit.cloud.request_inputs import pass_through_outputs, read_inputs
from evosplit.cloud.stream_state import StreamStore
from evosplit.cloud.tail_cache import Tail, TailCache, TailKey, build_tail
from evosplit.shared.graph import Cut, prefix_cut
from evosplit.shared.oip import InferResponse, build_response, parse_request, requested_outputs


@dataclass(frozen=True)
class Call:
    """The bytes of one inference request; ``received_s`` is the ``time.perf_counter`` of its arrival."""

    body: bytes | memoryview
    header_length: int | None
    received_s: float


class DataPlane:
    """Whole models for any client, and tails for encoded frames. Safe to call from several threads."""

    def __init__(
        self, registry: Registry, tails: TailCache, threads: int, streams: StreamStore | None = None
    ) -> None:
        self._registry = registry
        self._tails = tails
        self._threads = threads
        self._streams = StreamStore() if streams is None else streams

    def answer(self, name: str, call: Call) -> tuple[bytes, int | None]:
        """Body and header length of the answer.

        Raises NotFoundError, InputError, WireError, UnknownBaseError.
        """
        started_s = time.perf_counter()
        model = self._registry.get(name)
        request = parse_request(call.body, call.header_length)
        cut, feeds = read_inputs(model, request, self._streams)
        tail = self._tail(model, cut)
        decoded_s = time.perf_counter()
        outputs = tail.runner.run({name: feeds[name] for name in tail.runner.input_names})
        if not cut.layers:
            outputs |= pass_through_outputs(model.graph, feeds)
        spent = {
            "queue_s": started_s - call.received_s,
            "decode_s": decoded_s - started_s,
            "tail_s": time.perf_counter() - decoded_s,
        }
        response = InferResponse(
            model_name=name,
            outputs=requested_outputs(request.outputs, outputs, (model.card and model.card.labels) or ()),
            id=request.id,
            parameters=spent,
        )
        return build_response(response, request)

    def warm(self, name: str) -> None:
        """Build the whole model's session and run it once on zeros."""
        model = self._registry.get(name)
        described = (model.graph.tensors[name] for name in model.graph.inputs)
        feeds = {item.name: np.zeros(item.shape, item.dtype) for item in described}
        runner = self._tail(model, prefix_cut(model.graph, 0)).runner
        runner.run({name: feeds[name] for name in runner.input_names})

    def _tail(self, model: Model, cut: Cut) -> Tail:
        key = TailKey(model.graph.sha256, cut.key)
        return self._tails.get(key, lambda: build_tail(model.graph, cut, self._threads))
