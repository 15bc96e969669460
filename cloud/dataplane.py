"""Data plane: from the bytes of a request to those of its answer: decode, run, encode. No HTTP, no Ray."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.typing import NDArray

from evosplit.cloud.planned_tails import PlannedTail
from evosplit.cloud.registry import Model, Registry
from evosplit.cloud.request_inputs import Feeds, no_restorations, pass_through_outputs, read_inputs
from evosplit.cloud.stream_state import StreamStore
from evosplit.cloud.tail_builder import TailBuilder
from evosplit.cloud.tail_cache import TailCache, TailKey
from evosplit.shared.errors import EvoSplitError, InputError, StaleModelError
from evosplit.shared.graph import Cut, parse_cut, prefix_cut
from evosplit.shared.oip import (
    STALE_MODEL,
    InferRequest,
    InferResponse,
    Scalar,
    build_response,
    parse_request,
    requested_outputs,
)
from evosplit.shared.restoration.network import Restoration
from evosplit.shared.restoration.store import RestorationOf

Answer: TypeAlias = tuple[bytes, int | None]
"""Body and header length of an answer."""


@dataclass(frozen=True)
class Call:
    """The bytes of one inference request; ``received_s`` is the ``time.perf_counter`` of its arrival.

    Without a ``version``, the model's is chosen by the key of the ``client``.
    """

    body: bytes | memoryview
    header_length: int | None
    received_s: float
    version: str | None = None
    client: str = ""


@dataclass(frozen=True)
class Prepared:
    """A request that is ready to run since ``ready_s``: where it enters the network, and what goes in there.

    ``queue_s`` is its wait until it was decoded.
    """

    model: Model
    request: InferRequest
    cut: Cut
    feeds: Feeds
    restorations: tuple[Restoration, ...]
    queue_s: float
    decode_s: float
    ready_s: float
    is_stale: bool = False
    """A frame of another content of the model than its sender would get plans for now."""

    @property
    def key(self) -> TailKey:
        """The tail that it runs on: what has the same key may run together."""
        names = tuple(each.name for each in self.restorations)
        return TailKey(self.model.graph.sha256, self.cut.key, names)


class DataPlane:
    """Whole models for any client, and tails for encoded frames. Safe to call from several threads."""

    def __init__(
        self,
        registry: Registry,
        tails: TailCache,
        builder: TailBuilder,
        streams: StreamStore | None = None,
        restoration_of: RestorationOf = no_restorations,
    ) -> None:
        self._registry = registry
        self._tails = tails
        self._builder = builder
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

    def answer(self, name: str, call: Call) -> Answer:
        """The answer to one request.

        Raises NotFoundError, InputError, WireError, UnknownBaseError, RestorationError, StaleModelError, and
        ModelError for a model that cannot be read again.
        """
        (answer,) = self.run([self.prepare(name, call)])
        if isinstance(answer, EvoSplitError):
            raise answer
        return answer

    def prepare(self, name: str, call: Call) -> Prepared:
        """Parse and decode. Raises as `answer`."""
        started_s = time.perf_counter()
        chosen = self._registry.get(name, call.version, call.client)
        request = parse_request(call.body, call.header_length)
        model_of = functools.partial(self._registry.of_content, name) if call.version is None else None
        entry = read_inputs(chosen, request, self._streams, self._restoration_of, model_of)
        ready_s = time.perf_counter()
        what = (entry.model, request, entry.cut, entry.feeds, entry.restorations)
        times_s = (started_s - call.received_s, ready_s - started_s, ready_s)
        return Prepared(*what, *times_s, is_stale=entry.model is not chosen)

    def run(self, batch: Sequence[Prepared]) -> list[Answer | EvoSplitError]:
        """The answers to requests of one key, or what was wrong with each. Raises what building raises."""
        first = batch[0]
        build = functools.partial(self._builder.build, first.model.graph, first.cut, first.restorations)
        runner = self._tails.get(first.key, build).runner
        samples = [{name: each.feeds[name] for name in runner.input_names} for each in batch]
        started_s = time.perf_counter()
        try:
            outputs = runner.run(samples)
        except InputError as problem:
            if len(batch) == 1:
                return [problem]
            return [answer for each in batch for answer in self.run([each])]  # only one may be to blame
        tail_s = time.perf_counter() - started_s
        return [_answer(each, made, started_s, tail_s) for each, made in zip(batch, outputs, strict=True)]

    def outputs(self, prepared: Prepared) -> Feeds:
        """What the network makes of one request, beside those that are answered. Raises InputError."""
        build = functools.partial(self._builder.build, prepared.model.graph, prepared.cut)
        runner = self._tails.get(prepared.key, build).runner
        (made,) = runner.run([{name: prepared.feeds[name] for name in runner.input_names}])
        return {**made, **pass_through_outputs(prepared.model.graph, prepared.feeds)}

    def forget(self, model_sha256: str) -> None:
        """Give up the tails of a model that is served no more."""
        self._tails.forget(model_sha256)

    def warm(self, model: Model) -> None:
        """Build the whole model's session, which runs it, too. Raises ModelError."""
        cut = prefix_cut(model.graph, 0)
        key = TailKey(model.graph.sha256, cut.key)
        self._tails.get(key, lambda: self._builder.build_measured(model.graph, cut))

    def prefetch(self, planned: PlannedTail) -> None:
        """Build a tail, which runs it, unless it is there, or has no room, or its model is not served.

        Raises UsageError for a cut that the model does not have, ModelError when the tail cannot be built,
        RestorationError for a restoration that is not here.
        """
        try:
            model = self._registry.of_content(planned.model, planned.model_sha256)
        except StaleModelError:
            return
        cut = parse_cut(model.graph, planned.cut_key)
        restorations = tuple(map(self._restoration_of, planned.restorations))
        self._tails.prefetch(
            TailKey(model.graph.sha256, cut.key, planned.restorations),
            self._builder.wanted_bytes(model.graph, cut),
            lambda: self._builder.build_measured(model.graph, cut, restorations),
        )


def _answer(prepared: Prepared, made: dict[str, NDArray[Any]], started_s: float, tail_s: float) -> Answer:
    """Every wait is the queue's: for a decoder, a slot, a tail that has to be built."""
    model, request = prepared.model, prepared.request
    queue_s = prepared.queue_s + max(started_s - prepared.ready_s, 0.0)
    outputs = dict(made)
    if not prepared.cut.layers:
        outputs |= pass_through_outputs(model.graph, prepared.feeds)
    times_s = {"queue_s": queue_s, "decode_s": prepared.decode_s, "tail_s": tail_s}
    stale: dict[str, Scalar] = {STALE_MODEL: True} if prepared.is_stale else {}
    response = InferResponse(
        model_name=model.name,
        model_version=model.version,
        outputs=requested_outputs(request.outputs, outputs, (model.card and model.card.labels) or ()),
        id=request.id,
        parameters={**times_s, **stale},
    )
    return build_response(response, request)
