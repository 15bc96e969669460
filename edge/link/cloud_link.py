"""Cloud client with a circuit breaker: answers, or at once the error that there is none."""

from __future__ import annotations

import asyncio
import functools
import logging
import math
import time
from collections.abc import Callable
from typing import Final

from evosplit.edge.link.circuit import Circuit
from evosplit.edge.link.cloud_answer import CloudAnswer
from evosplit.edge.link.fair_clock import FairClock, Passage
from evosplit.edge.link.link_state import LinkState
from evosplit.edge.link.traffic_meter import TrafficMeter
from evosplit.edge.link.uplink import HTTP_BYTES, Uplink
from evosplit.shared.errors import (
    CloudRefusedError,
    CloudUnavailableError,
    NotOurCloudError,
    StaleModelError,
    UnknownBaseError,
)
from evosplit.shared.link import Link, LinkEstimate, Observation

_LEAST_S: Final = 0.01

_log = logging.getLogger(__name__)


class CloudLink:
    """Requests behind a circuit breaker; every one of them teaches the link estimate.

    ``changed`` is called when the link or the circuit of ``state`` may have changed; ``timeout_s`` bounds
    every request. ``model_changed`` is set when the cloud serves another content of the model now. What a
    frame's request teaches is learnt when ``later`` calls it; without that, at once.
    """

    def __init__(
        self,
        uplink: Uplink,
        state: LinkState,
        timeout_s: float,
        changed: Callable[[], None] | None = None,
        later: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self._uplink = uplink
        self._state = state
        self._longest_s = timeout_s
        self._changed = changed
        self._later = later or (lambda work: work())
        self._clock = FairClock()
        self._suspected: Observation | None = None
        self.model_changed = asyncio.Event()

    @property
    def link(self) -> Link:
        """The link as it is estimated now."""
        return self._state.link

    @property
    def cloud(self) -> str:
        """The cloud's address."""
        return self._uplink.url

    @property
    def wait_s(self) -> float:
        """How long frames wait in the cloud."""
        return self._state.queue.wait_s

    @property
    def estimate(self) -> LinkEstimate:
        """What the link is estimated from."""
        return self._state.estimate

    @property
    def meter(self) -> TrafficMeter:
        """What was sent, and may be."""
        return self._state.meter

    @property
    def circuit(self) -> Circuit:
        """Whether the cloud is away."""
        return self._state.circuit

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way."""
        return self._clock.users > 0

    async def infer(
        self,
        name: str,
        content: bytes,
        cloud_s: float,
        patient: bool = False,
        spent_s: float = 0.0,
        left_s: float = math.inf,
        rows_over: float | None = None,
    ) -> CloudAnswer:
        """Have a frame or a picture answered; ``cloud_s`` is how long the cloud is predicted to compute.

        A patient request may take all of the time-out; ``spent_s`` of it are gone already. None takes more
        than ``left_s``, after which the answer is of no use. ``rows_over`` as in `Uplink.infer`. Raises
        CloudUnavailableError (at once while the circuit is open or a metered link's bytes are used up; also
        for an answer that is not the cloud's),
        CloudRefusedError, and UnknownBaseError, which says nothing against the cloud.
        """
        if self.circuit.is_open:
            raise CloudUnavailableError("the cloud is away")
        self.meter.check()
        self.meter.sent(len(content) + HTTP_BYTES, is_frame=True)
        whole_s = self._longest_s if patient else self._timeout_s(len(content), cloud_s)
        timeout_s = max(min(whole_s - spent_s, left_s), _LEAST_S)
        passage = Passage()
        try:
            with self._clock.passage() as passage:
                answer = await self._uplink.infer(name, content, timeout_s, rows_over)
        except CloudUnavailableError as silence:
            self.failed(silence)
            self._suspected = _given_up(silence, len(content), passage, timeout_s)
            raise
        except UnknownBaseError:
            self.circuit.succeeded()
            raise
        except CloudRefusedError as refusal:
            if isinstance(refusal, StaleModelError):
                self.model_changed.set()
            self.refused(refusal)
            raise
        self.circuit.succeeded()
        if answer.is_stale:
            self.model_changed.set()
        seen = Observation(answer.sent_bytes, answer.uplink_s, passage.share, is_frame=True)
        self._later(functools.partial(self._learn, seen, answer.wait_s))
        return answer.over(passage.share, self.cloud)

    async def probe(self, size_bytes: int) -> None:
        """Send so many bytes that the cloud discards, and learn from it. Raises as `infer`."""
        self.meter.probed(size_bytes + HTTP_BYTES)
        timeout_s, passage = self._timeout_s(size_bytes, 0.0), Passage()
        try:
            with self._clock.passage() as passage:
                probed = await self._uplink.probe(size_bytes, timeout_s)
        except CloudUnavailableError as silence:
            self._suspected = _given_up(silence, size_bytes, passage, timeout_s)
            raise
        self._learn(Observation(probed.sent_bytes, passage.seconds, passage.share), probed.wait_s)

    def answered(self) -> None:
        """The cloud is there: what was given up before was given up because the link is slow."""
        if self.circuit.is_open:
            _log.info("the cloud is back")
        self.circuit.succeeded()
        if self._suspected is not None:
            self._state.learn(self._suspected)
            self._suspected = None
        self._notify()

    def failed(self, silence: CloudUnavailableError) -> None:
        """The cloud did not answer."""
        if not self.circuit.is_open:
            _log.warning("%s; answering alone where the plans allow it", silence)
        self.circuit.silent(time.monotonic())
        self._suspected = None
        self._notify()

    def refused(self, refusal: CloudRefusedError) -> None:
        """The cloud answered with an error."""
        if not self.circuit.is_open:
            _log.warning("%s", refusal)
        self.circuit.refused(time.monotonic())
        self._notify()

    def _timeout_s(self, size_bytes: int, cloud_s: float) -> float:
        """Three times what is predicted, and a second: a drop of the bandwidth is to be seen, not cut off."""
        expected_s = self.link.uplink_s(size_bytes) * (self._clock.users + 1) + cloud_s + self.wait_s
        return min(1.0 + 3.0 * expected_s, self._longest_s)

    def _learn(self, observation: Observation, wait_s: float | None) -> None:
        is_other_link, is_other_queue = self._state.learn(observation), self._state.wait(wait_s)
        if is_other_link or is_other_queue:
            self._notify()

    def _notify(self) -> None:
        if self._changed is not None:
            self._changed()


def _given_up(
    silence: CloudUnavailableError, size_bytes: int, passage: Passage, timeout_s: float
) -> Observation | None:
    """A time-out as an observation; a connection that broke, or a stranger, says nothing of the bandwidth."""
    if passage.seconds < timeout_s or isinstance(silence, NotOurCloudError):
        return None
    return Observation(size_bytes + HTTP_BYTES, passage.seconds, passage.share, completed=False)
