"""Decoded request, ready to run on a tail, and the encoding of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from evosplit.cloud.repository.model import Model
from evosplit.cloud.request_inputs import Entry, Feeds, pass_through_outputs
from evosplit.cloud.tail_cache import TailKey
from evosplit.shared.answer_rows import ROWS_OVER, likely_outputs
from evosplit.shared.graph import Cut
from evosplit.shared.oip import (
    STALE_MODEL,
    InferRequest,
    InferResponse,
    Scalar,
    build_response,
    requested_outputs,
)
from evosplit.shared.restoration.network import Restoration
from evosplit.shared.tracing.spans import Mark

Answer: TypeAlias = tuple[bytes, int | None]
"""Body and header length of an answer."""


@dataclass(frozen=True)
class Prepared:
    """A request that is ready to run since ``ready_s``: where it enters the network, and what goes in there.

    ``queue_s`` is its wait until it was decoded.
    """

    entry: Entry
    request: InferRequest
    queue_s: float
    decode_s: float
    ready_s: float
    is_stale: bool = False
    """A frame of another content of the model than its sender would get plans for now."""
    marks: list[Mark] | None = None
    """Where its steps are noted."""

    @property
    def model(self) -> Model:
        """The model that answers."""
        return self.entry.model

    @property
    def cut(self) -> Cut:
        """Behind which its tensors are."""
        return self.entry.cut

    @property
    def feeds(self) -> Feeds:
        """What goes in there."""
        return self.entry.feeds

    @property
    def restorations(self) -> tuple[Restoration, ...]:
        """What its tensors go through first."""
        return self.entry.restorations

    @cached_property
    def key(self) -> TailKey:
        """The tail that it runs on: what has the same key may run together."""
        names = tuple(each.name for each in self.restorations)
        return TailKey(self.model.graph.sha256, self.cut.key, names)

    def mark(self, name: str, started_s: float, ended_s: float) -> None:
        """Note a step, in seconds of ``time.perf_counter``, where anybody wants to know."""
        if self.marks is not None:
            self.marks.append(Mark(name, started_s, ended_s))

    def times_s(self, started_s: float, tail_s: float) -> dict[str, float]:
        """Of a run begun at ``started_s``. Every wait is the queue's: decoder, slot, a tail's build."""
        queue_s = self.queue_s + max(started_s - self.ready_s, 0.0)
        return {"queue_s": queue_s, "decode_s": self.decode_s, "tail_s": tail_s}

    def encode(self, made: Feeds, times_s: dict[str, float]) -> Answer:
        """The answer with what the tail made of it."""
        outputs = dict(made)
        if not self.cut.layers:
            outputs |= pass_through_outputs(self.model.graph, self.feeds)
        if (score := self.request.parameters.get(ROWS_OVER)) is not None and not self.request.outputs:
            outputs = dict(likely_outputs(self.model.card, outputs, score))
        stale: dict[str, Scalar] = {STALE_MODEL: True} if self.is_stale else {}
        labels = (self.model.card and self.model.card.labels) or ()
        response = InferResponse(
            model_name=self.model.name,
            model_version=self.model.version,
            outputs=requested_outputs(self.request.outputs, outputs, labels),
            id=self.request.id,
            parameters={**times_s, **stale},
        )
        return build_response(response, self.request)
