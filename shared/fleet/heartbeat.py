"""Heartbeat of an edge: who it is, what it runs and how that does, and the cloud's answer to it.

Counters grow as long as ``boot`` and ``table`` stay, so that a heartbeat that is lost, or comes twice, does
no harm: what is new is the difference to the last one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from evosplit.shared.errors import InputError
from evosplit.shared.fleet.place import Place

INTERVAL_S: Final = 30.0
"""Between two heartbeats of an edge, unless its cloud says otherwise."""
MOST_BYTES: Final = 8_192


@dataclass(frozen=True)
class PlanInUse:
    """The plan of the next frame: its digest, cut, and the bits of each boundary tensor on the wire."""

    digest: str
    cut_key: str
    wire_bits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Audited:
    """What the guard has found of the plans in use: answers compared, and the sum of what they kept.

    ``promised`` is the agreement that plans promise (None: none, so that none is compared), ``distrusted``
    how many plans of the table were left for breaking it.
    """

    audits: int = 0
    agreements: float = 0.0
    promised: float | None = None
    distrusted: int = 0


@dataclass(frozen=True)
class Heartbeat:
    """The state of one edge for one model.

    ``agent`` stays the same for a data folder, ``boot`` for a run; ``beat`` counts heartbeats of a run,
    ``table`` changes of the plan table. ``name`` is "" where the edge was given none. ``answered_by`` counts
    frames by who answered, ``late`` those whose answers waited on disk, ``waiting`` those that do now.
    ``refused`` names a bundle that the edge would not take. ``profile`` is the digest of its profile.
    ``place`` is where the edge was said to be. Raises InputError for counters that no agent has.
    """

    agent: str
    boot: str
    beat: int
    bundle: str
    table: int = 0
    name: str = ""
    version: str = ""
    processor: str = ""
    profile: str = ""
    plan: PlanInUse | None = None
    bandwidth_bps: float | None = None
    rtt_s: float | None = None
    answered_by: Mapping[str, int] = field(default_factory=dict)
    late: int = 0
    waiting: int = 0
    audited: Audited = Audited()
    refused: str = ""
    place: Place | None = None

    def __post_init__(self) -> None:
        audited = self.audited
        counts = (self.beat, self.table, self.late, self.waiting, audited.audits, *self.answered_by.values())
        numbers = (self.bandwidth_bps, self.rtt_s, audited.promised, audited.agreements)
        if min(counts) < 0 or not all(math.isfinite(number or 0.0) for number in numbers):
            raise InputError("a heartbeat has a number that is negative or not finite")
        if not 0 <= audited.agreements <= audited.audits * (1 + 1e-9):
            raise InputError("a heartbeat has more agreements than audits")

    @property
    def frames(self) -> int:
        """With a result, or a recorded failure."""
        return sum(self.answered_by.values())

    @property
    def failures(self) -> int:
        """Those with a recorded failure."""
        return self.answered_by.get("nobody", 0)


@dataclass(frozen=True)
class HeartbeatAnswer:
    """The name under which the cloud knows the edge, and when it wants to hear from it again.

    ``renew`` is why the edge should ask for plans again, "" where it should not; ``bundle`` is the one that
    it would get, "" for plans of its own.
    """

    name: str
    interval_s: float = INTERVAL_S
    renew: str = ""
    bundle: str = ""
