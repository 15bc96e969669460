"""Pair of devices beyond this machine: a slower edge, and a faster cloud."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import aiohttp

from evosplit.edge.link.cloud_answer import CloudAnswer
from evosplit.edge.link.uplink import Uplink
from evosplit.shared.result import Breakdown


@dataclass(frozen=True)
class Pair:
    """The edge ``slowdown`` times slower, the cloud ``speedup`` times faster than this machine.

    The edge waits beside its own computing. Of the cloud's own seconds, which every answer tells (decoding
    and tail), one part in ``speedup`` is counted: nothing runs faster, the rest is taken off.
    """

    slowdown: float = 1.0
    speedup: float = 1.0

    def latency_s(self, elapsed_s: float, breakdown: Breakdown) -> float:
        """What a frame would have taken with this cloud, by a breakdown of `FasterCloud`'s answers."""
        return elapsed_s - (breakdown.decode_s + breakdown.tail_s) * (self.speedup - 1.0)


class FasterCloud(Uplink):
    """Answers as of a cloud that decodes and computes faster; HTTP and queues stay as they are."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, model: str, token: str, speedup: float
    ) -> None:
        super().__init__(session, url, model, token)
        self._speedup = speedup

    async def infer(
        self, input_name: str, content: bytes, timeout_s: float, rows_over: float | None = None
    ) -> CloudAnswer:
        """As `Uplink.infer`; of the cloud's own seconds one part in ``speedup`` is told."""
        answer = await super().infer(input_name, content, timeout_s, rows_over)
        decode_s, tail_s = answer.decode_s / self._speedup, answer.tail_s / self._speedup
        spared_s = answer.decode_s + answer.tail_s - decode_s - tail_s
        elapsed_s = answer.elapsed_s - spared_s
        return dataclasses.replace(answer, elapsed_s=elapsed_s, decode_s=decode_s, tail_s=tail_s)
