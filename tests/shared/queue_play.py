"""Many edges before one cloud with a queue: a discrete-event simulation; each decides by the plan rule."""

from __future__ import annotations

import functools
import heapq
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evosplit.shared.cloud_queue import CloudQueue
from evosplit.shared.correction.corrections import Measured, corrections_of
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, PlanTable, TensorCode
from evosplit.shared.plan_rule import PlanRule
from evosplit.shared.situation import CloudNow, Situation

SHA256 = "7" * 64
LINK = Link(1e8, 0.010)
PERIOD_S = 0.1
SLOTS = 2
TAIL_S = 0.020
HEAD_S = 0.015
ALONE_S = 0.060
WIRE_BYTES = 2_000
CLOUD = "http://cloud"


def plan_of(cut: str, edge_s: float, cloud_s: float, wire_bytes: int, cloud: str = "") -> Plan:
    """A plan that sends one tensor, or none."""
    boundary = ("t",) if wire_bytes else ()
    uplink_s = LINK.uplink_s(wire_bytes) if wire_bytes else 0.0
    wire = {name: TensorCode(8) for name in boundary}
    latency = Latency(edge_s, uplink_s, cloud_s)
    return Plan("net", SHA256, cut, boundary, {}, {}, wire, latency, LINK, wire_bytes, 0, 0.0, cloud=cloud)


def table_of(plans: Sequence[Plan], fallback: Plan | None) -> PlanTable:
    return PlanTable("net", SHA256, LINK.rtt_s, (), tuple(plans), fallback)


SPLIT = plan_of("3", HEAD_S, TAIL_S, WIRE_BYTES)
ALONE = plan_of("9", ALONE_S, 0.0, 0)
TABLE = table_of([SPLIT], ALONE)


@dataclass
class Edge:
    """One edge; ``fixed`` is a plan that it keeps to."""

    number: int
    rule: PlanRule
    queue: CloudQueue
    fixed: Plan | None = None
    changes: list[float] = field(default_factory=list)
    latencies_s: list[tuple[float, float]] = field(default_factory=list)

    @property
    def situation(self) -> Situation:
        return Situation((CloudNow(CLOUD, LINK, self.queue),))

    def reconsider(self, now_s: float) -> None:
        wanted = self.rule.wanted(self.situation)
        if wanted is not self.rule.current:
            self.rule = self.rule.using(wanted)
            self.changes.append(now_s)


class Play:
    """``slow(now_s)`` is by how much the cloud takes longer at that time, for work of others."""

    def __init__(
        self,
        edges: int,
        seed: int,
        slow: Callable[[float], float] = lambda _: 1.0,
        sending: int | None = None,
    ) -> None:
        self.rng, self.slow = random.Random(seed), slow  # noqa: S311
        known = Course(corrections_of((ALONE, SPLIT)))
        self.edges = [
            Edge(at, PlanRule(TABLE, known, SPLIT), CloudQueue(self.rng.getrandbits(31)))
            for at in range(edges)
        ]
        if sending is not None:
            for edge in self.edges:
                edge.fixed = SPLIT if edge.number < sending else ALONE
        self.free_at_s = [0.0] * SLOTS
        self.events: list[tuple[float, int, Callable[[float], None]]] = []
        self.order = itertools.count()
        for edge in self.edges:
            self._at(self.rng.uniform(0, PERIOD_S), functools.partial(self._frame, edge))
            self._at(self.rng.uniform(0, 1), functools.partial(self._probe, edge))

    def run(self, seconds: float) -> Play:
        """On to that time."""
        while self.events and self.events[0][0] < seconds:
            now_s, _, act = heapq.heappop(self.events)
            act(now_s)
        return self

    def mean_s(self, since_s: float) -> float:
        """Mean latency of the frames that began from then on."""
        every = [taken for edge in self.edges for began, taken in edge.latencies_s if began >= since_s]
        return sum(every) / len(every)

    def changes(self, since_s: float, until_s: float = float("inf")) -> int:
        return sum(since_s <= when < until_s for edge in self.edges for when in edge.changes)

    @property
    def senders(self) -> int:
        return sum(edge.rule.current is SPLIT for edge in self.edges)

    def _at(self, when_s: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self.events, (when_s, next(self.order), act))

    def _wait_s(self, now_s: float) -> float:
        """What a newcomer would wait, as the gate of the cloud says it."""
        return max(min(self.free_at_s) - now_s, 0.0)

    def _probe(self, edge: Edge, now_s: float) -> None:
        edge.queue = edge.queue.seen(self._wait_s(now_s))
        edge.reconsider(now_s)
        self._at(now_s + 1.0, lambda then_s: self._probe(edge, then_s))

    def _frame(self, edge: Edge, now_s: float) -> None:
        plan = edge.fixed
        if plan is None:
            edge.rule, plan = edge.rule.next_frame(edge.situation, lambda _: True)
        assert plan is not None
        head_s = plan.latency.edge_s * self._noise()
        if plan.boundary:
            self._at(
                now_s + head_s + LINK.uplink_s(WIRE_BYTES) / 2,
                lambda then_s: self._arrive(edge, plan, now_s, head_s, then_s),
            )
        else:
            self._at(
                now_s + head_s,
                lambda then_s: self._end(edge, Measured(plan.digest, edge_s=head_s), now_s, then_s),
            )

    def _arrive(self, edge: Edge, plan: Plan, began_s: float, head_s: float, now_s: float) -> None:
        slot = min(range(SLOTS), key=self.free_at_s.__getitem__)
        tail_s = TAIL_S * self.slow(now_s) * self._noise()
        ended_s = max(self.free_at_s[slot], now_s) + tail_s
        self.free_at_s[slot] = ended_s
        seen = Measured(plan.digest, edge_s=head_s, cloud_s=tail_s, request_s=0.0, wire_bytes=WIRE_BYTES)

        def answer(then_s: float) -> None:
            edge.queue = edge.queue.seen(self._wait_s(then_s))
            self._end(edge, seen, began_s, then_s)

        self._at(ended_s + LINK.uplink_s(WIRE_BYTES) / 2, answer)

    def _end(self, edge: Edge, seen: Measured, began_s: float, now_s: float) -> None:
        edge.latencies_s.append((began_s, now_s - began_s))
        if edge.fixed is None:
            edge.rule = edge.rule.learn(seen)
            edge.reconsider(now_s)
        self._at(max(now_s, began_s + PERIOD_S), lambda then_s: self._frame(edge, then_s))

    def _noise(self) -> float:
        return float(self.rng.lognormvariate(0, 0.05))
