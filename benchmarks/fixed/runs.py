"""Measured rounds of a case through one pair of tiers, and what its frames took, by stage."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from benchmarks.fixed.cases import Case
from benchmarks.fixed.frames import Seconds, answered, empty_request, empty_transfer, frame
from benchmarks.fixed.tiers import Tiers

STAGES: Final = (
    *("preprocess_s", "queue_s", "head_s", "encode_s", "uplink_s", "decode_s", "tail_s", "postprocess_s"),
)
"""Of the breakdown, less the total."""
OWN_STAGES: Final = ("preprocess_s", "head_s", "encode_s", "decode_s", "tail_s", "postprocess_s")
"""What the tiers compute."""


class Run:
    """Frames of one case to one pair of tiers."""

    def __init__(self, case: Case, tiers: Tiers) -> None:
        self._model = case.graph.name
        self._payloads: Iterator[Any] = case.payloads()
        self._tiers = tiers
        self.rows: list[Seconds] = []
        self._http_s: list[float] = []
        self._transfer_s: list[float] = []
        self._edge_cpu_s = 0.0
        self._cloud_cpu_s = 0.0

    async def warm_up(self, count: int) -> None:
        """Frames that do not count. The cloud may take longer for the first ones than the agent waits."""
        tries = iter(self._payloads)
        for _ in range(count):
            await answered(self._tiers, self._model, tries)

    async def round(self, count: int) -> None:
        """Frames that count, and as many requests that ask nothing of either tier."""
        edge_s, cloud_s = self._tiers.edge_cpu_s(), self._tiers.cloud_cpu_s()
        for payload in itertools.islice(self._payloads, count):
            self.rows.append(await frame(self._tiers, self._model, payload))
        self._edge_cpu_s += self._tiers.edge_cpu_s() - edge_s
        self._cloud_cpu_s += self._tiers.cloud_cpu_s() - cloud_s
        size_bytes = int(self.rows[-1]["wire_bytes"])
        for _ in range(count):
            self._http_s.append(await empty_request(self._tiers))
            self._transfer_s.append(await empty_transfer(self._tiers, size_bytes))

    def summary(self) -> Seconds:
        """The 10th percentiles over all frames, of sums as well; processor seconds are means.

        ``fixed_s`` is what the client waited less head and tail; ``agent_s`` less the cloud's part, too;
        ``overhead_s`` less the agent's own steps instead: HTTP, queues, the choice of the plan, the record.
        """
        rows, count = self.rows, len(self.rows)
        beside = [row["client_s"] - spent(row, "head_s", "tail_s") for row in rows]
        cloud = [spent(row, "uplink_s", "decode_s") for row in rows]
        return {
            **{name: _calm([row[name] for row in rows]) for name in (*STAGES, "total_s", "client_s")},
            "http_s": _calm(self._http_s),
            "transfer_s": _calm(self._transfer_s),
            "choose_s": _calm([row["total_s"] - spent(row, *STAGES) for row in rows]),
            "record_s": _calm([row["client_s"] - row["total_s"] for row in rows]) - _calm(self._http_s),
            "fixed_s": _calm(beside),
            "agent_s": _calm([all_s - cloud_s for all_s, cloud_s in zip(beside, cloud, strict=True)]),
            "overhead_s": _calm([row["total_s"] - spent(row, *OWN_STAGES) for row in rows]),
            "agent_cpu_s": self._edge_cpu_s / count,
            "cloud_cpu_s": self._cloud_cpu_s / count,
            "wire_bytes": _calm([row["wire_bytes"] for row in rows]),
        }


def spent(row: Seconds, *names: str) -> float:
    """The sum of some stages."""
    return sum(row[name] for name in names)


def _calm(seconds: Sequence[float]) -> float:
    """The 10th percentile: what else runs on the machine only ever adds time."""
    return float(np.quantile(seconds, 0.1))
