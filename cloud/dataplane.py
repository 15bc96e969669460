"""Data plane: from the bytes of a request to those of its answer: decode, run, encode. No HTTP, no Ray."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from evosplit.cloud.planned_tails import PlannedTail
from evosplit.cloud.prepared import Answer, Prepared
from evosplit.cloud.registry import Model, Registry
from evosplit.cloud.request_inputs import Feeds, no_restorations, pass_through_outputs, read_inputs
from evosplit.cloud.stream_state import StreamStore
from evosplit.cloud.tail_builder import TailBuilder
from evosplit.cloud.tail_cache import TailCache, TailKey
from evosplit.cloud.telemetry.live_figures import LiveFigure, LiveFigures
from evosplit.cloud.telemetry.metrics import ReplicaMetrics, StepTimes
from evosplit.shared.errors import EvoSplitError, InputError, StaleModelError
from evosplit.shared.graph import parse_cut, prefix_cut
from evosplit.shared.oip import parse_request
from evosplit.shared.restoration.store import RestorationOf
from evosplit.shared.tracing.spans import Mark


@dataclass(frozen=True)
class Call:
    """The bytes of one inference request; ``received_s`` is the ``time.perf_counter`` of its arrival.

    Without a ``version``, the model's is chosen by the key of the ``client``. ``marks`` is where steps are
    noted, if anywhere.
    """

    body: bytes | memoryview
    header_length: int | None
    received_s: float
    version: str | None = None
    client: str = ""
    marks: list[Mark] | None = None


class DataPlane:
    """Whole models for any client, and tails for encoded frames. Safe to call from several threads."""

    def __init__(
        self,
        registry: Registry,
        tails: TailCache,
        builder: TailBuilder,
        streams: StreamStore | None = None,
        restoration_of: RestorationOf = no_restorations,
        metrics: ReplicaMetrics | None = None,
    ) -> None:
        self.metrics = ReplicaMetrics() if metrics is None else metrics
        self.metrics.register(_figures(tails))
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
        times_s = (started_s - call.received_s, ready_s - started_s, ready_s)
        prepared = Prepared(entry, request, *times_s, is_stale=entry.model is not chosen, marks=call.marks)
        prepared.mark("decode", started_s, ready_s)
        return prepared

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
        self.metrics.ran(first.model.name, first.cut.key, len(batch), tail_s)
        pairs = zip(batch, outputs, strict=True)
        return [self._encoded(each, made, started_s, tail_s) for each, made in pairs]

    def _encoded(self, prepared: Prepared, made: Feeds, started_s: float, tail_s: float) -> Answer:
        times_s = prepared.times_s(started_s, tail_s)
        began_s = time.perf_counter()
        answer = prepared.encode(made, times_s)
        prepared.mark("run", started_s, started_s + tail_s)
        prepared.mark("encode", began_s, time.perf_counter())
        self.metrics.answered(
            *(prepared.model.name, prepared.cut.key, prepared.entry.kind),
            StepTimes(**times_s, encode_s=time.perf_counter() - began_s),
        )
        return answer

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
        self._tails.get(key, lambda: self._builder.build_measured(model.graph, cut), is_awaited=False)

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


def _figures(tails: TailCache) -> LiveFigures:
    return LiveFigures(
        LiveFigure("evosplit_cloud_tails", "Tails held, whole models too.", "gauge", lambda: len(tails)),
        LiveFigure(
            "evosplit_cloud_tail_memory_bytes", "What they take.", "gauge", lambda: tails.memory_bytes
        ),
        LiveFigure("evosplit_cloud_tail_builds", "Tails built.", "counter", lambda: tails.builds),
        LiveFigure(
            "evosplit_cloud_tail_late_builds",
            "Tails built while a request waited for its answer.",
            "counter",
            lambda: tails.late_builds,
        ),
    )
