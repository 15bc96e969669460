"""Situation: all that the choice of a plan depends on beside what frames have told, as one value. Pure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from evosplit.shared.cloud_queue import NO_QUEUE, CloudQueue
from evosplit.shared.correction.corrected_latency import Prices
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.device_state import UNKNOWN_DEVICE, DeviceState
from evosplit.shared.frugal import frugal
from evosplit.shared.link import Link, Links
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.plan_pin import Pin, held_to
from evosplit.shared.replan import reachable
from evosplit.shared.traffic import affordable


@dataclass(frozen=True)
class CloudNow:
    """One cloud as the edge sees it: its address, the link, its queue, whether it is away."""

    cloud: str
    link: Link
    queue: CloudQueue = NO_QUEUE
    is_away: bool = False


@dataclass(frozen=True)
class Situation:
    """The clouds, the first one first; what a frame may send; the device.

    ``frame_bytes`` is None where the link is not metered, or nothing is known. ``is_frugal``: energy counts
    on battery and on a hot device, within ``max_latency_s`` (None: a share more than the fastest takes).
    ``pin`` is what an operator holds plans to.
    """

    clouds: tuple[CloudNow, ...]
    frame_bytes: float | None = None
    device: DeviceState = UNKNOWN_DEVICE
    is_frugal: bool = False
    max_latency_s: float | None = None
    pin: Pin | None = None

    @property
    def links(self) -> Links:
        """The links as they are estimated."""
        return Links(tuple((each.cloud, each.link) for each in self.clouds))

    def priced_links(self, current: Plan | None) -> Links:
        """With the wait in each cloud, as an edge counts it whose frames go by ``current``."""
        used = None if current is None or not current.boundary else current.cloud or self.clouds[0].cloud
        return Links(
            tuple(
                (each.cloud, each.link.later(each.queue.counted_s(each.cloud == used)))
                for each in self.clouds
            )
        )

    def priced(self, course: Course, current: Plan | None) -> Prices:
        """Corrected latencies now."""
        return course.priced(self.priced_links(current))

    def usable(self, table: PlanTable, priced: Prices, current: Plan | None) -> PlanTable:
        """The plans that may be chosen: of clouds that are there, within the traffic, the pin, the energy."""
        there = reachable(table, frozenset(each.cloud for each in self.clouds if each.is_away))
        if self.frame_bytes is not None:
            there = affordable(there, self.frame_bytes, current)
        there = held_to(there, self.pin)
        return frugal(there, priced, current, self.max_latency_s) if self.is_frugal else there

    def differs(self, other: Situation | None) -> bool:
        """Whether it is another one but for readings of the queue that were not taken up."""
        return other is None or _settled(self) != _settled(other)


def _settled(situation: Situation) -> Situation:
    clouds = tuple(
        dataclasses.replace(each, queue=dataclasses.replace(each.queue, readings=0))
        for each in situation.clouds
    )
    return dataclasses.replace(situation, clouds=clouds)
