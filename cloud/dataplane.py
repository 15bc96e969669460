"""Data plane: from the bytes of a request to those of its answer: decode, run, encode. No HTTP, no Ray."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass

import numpy as np

from evosplit.cloud.planned_tails import PlannedTail
from evosplit.cloud.registry import Model, Registry
from evosplit.cloud.request_inputs import no_restorations, pass_through_outputs, read_inputs
from evosplit.cloud.stream_state import StreamStore
from evosplit.cloud.tail_cache import Tail, TailCache, TailKey, build_tail, tail_memory_bytes
from evosplit.shared.graph import Cut, parse_cut, prefix_cut
from evosplit.shared.oip import InferResponse, build_response, parse_request, requested_outputs
from evosplit.shared.restoration.network import Restoration
from evosplit.shared.restoration.store import RestorationOf


@dataclass(frozen=True)
class Call:
    """The bytes of one inference request; ``received_s`` is the ``time.perf_counter`` of its arrival."""

    body: bytes | memoryview
    header_length: int | None
    received_s: float


class DataPlane:
    """Whole models for any client, and tails for encoded frames. Safe to call from several threads."""

    def __init__(
        self,
        registry: Registry,
        tails: TailCache,
        threads: int,
        streams: StreamStore | None = None,
        restoration_of: RestorationOf = no_restorations,
    ) -> None:
        self._registry = registry
        self._tails = tails
        self._threads = threads
        self._streams = StreamStore() if streams is None else streams
        self._restoration_of = restoration_of

    @property
    def tails(self) -> int:
        """How many tails are held, whole models among them."""
        return len(self._tails)

    @property
    def late_builds(self) -> int:
        """How many tails were built while a request waited for its answer."""
        return self._tails.late_builds

    def answer(self, name: str, call: Call) -> tuple[bytes, int | None]:
        """Body and header length of the answer.

        Raises NotFoundError, InputError, WireError, UnknownBaseError, RestorationError.
        """
        started_s = time.perf_counter()
        model = self._registry.get(name)
        request = parse_request(call.body, call.header_length)
        cut, feeds, restorations = read_inputs(model, request, self._streams, self._restoration_of)
        tail = self._tail(model, cut, restorations)
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
        _run_on_zeros(model, self._tail(model, prefix_cut(model.graph, 0)))

    def prefetch(self, planned: PlannedTail) -> None:
        """Build a tail and run it once, unless it is there, or there is no room, or its model is not served.

        Raises UsageError for a cut that the model does not have, ModelError when the tail cannot be built,
        RestorationError for a restoration that is not here.
        """
        model = self._registry.models.get(planned.model)
        if model is None or model.graph.sha256 != planned.model_sha256:
            return
        cut = parse_cut(model.graph, planned.cut_key)
        key = TailKey(model.graph.sha256, cut.key, planned.restorations)
        wanted_bytes = tail_memory_bytes(model.graph, cut)
        restorations = tuple(map(self._restoration_of, planned.restorations))
        build = functools.partial(build_tail, model.graph, cut, self._threads, restorations)
        tail = self._tails.prefetch(key, wanted_bytes, build)
        if tail is not None:
            _run_on_zeros(model, tail)

    def _tail(self, model: Model, cut: Cut, restorations: tuple[Restoration, ...] = ()) -> Tail:
        key = TailKey(model.graph.sha256, cut.key, tuple(each.name for each in restorations))
        return self._tails.get(key, lambda: build_tail(model.graph, cut, self._threads, restorations))


def _run_on_zeros(model: Model, tail: Tail) -> None:
    """The first run takes longer than the others."""
    described = (model.graph.tensors[name] for name in tail.runner.input_names)
    tail.runner.run({item.name: np.zeros(item.shape, item.dtype) for item in described})
