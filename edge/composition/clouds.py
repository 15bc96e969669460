"""Composition of what an agent has for each of its clouds: link, deltas, planner, watch."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from evosplit.edge.background.after_answers import AfterAnswers
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.head.bundle_set import BundleSet
from evosplit.edge.link.answer_size import most_answer_bytes
from evosplit.edge.link.cloud_link import CloudLink
from evosplit.edge.link.link_state import LinkState
from evosplit.edge.link.traffic_meter import TrafficMeter
from evosplit.edge.link.uplink import Uplink
from evosplit.edge.link.watch import LinkWatch
from evosplit.edge.pipeline.clouds import Cloud, Clouds
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.streams.delta import DeltaSender, DeltaSettings
from evosplit.shared.link import Link

ASSUMED_BPS: Final = 10e6
"""The bandwidth until something was seen of a link."""


@dataclass(frozen=True, eq=False)
class Caller:
    """Who asks the clouds: a session, the token that it shows, and the device's name for itself."""

    session: aiohttp.ClientSession
    token: str
    client: str


def link_states(
    settings: EdgeSettings, bundles: BundleSet, meter: TrafficMeter, before: Clouds | None = None
) -> tuple[LinkState, ...]:
    """One for each cloud; what they may send is counted together. What an agent ``before`` saw is assumed."""
    unseen, seed = Link(ASSUMED_BPS, bundles.manifest.table.rtt_s), secrets.randbits(31)
    return tuple(
        LinkState(unseen if before is None else before.named(url).link.link, meter, url, seed)
        for url in settings.cloud_url
    )


def planners(settings: EdgeSettings, caller: Caller) -> tuple[PlannerClient, ...]:
    """Who makes plans, in the order of the settings' clouds."""
    urls = settings.cloud_url
    return tuple(
        PlannerClient(caller.session, url, settings.model, caller.token, caller.client) for url in urls
    )


def make_clouds(
    settings: EdgeSettings,
    plans: CurrentPlan,
    states: Sequence[LinkState],
    caller: Caller,
    after: AfterAnswers,
) -> Clouds:
    """The clouds that answer frames; what those teach of the links is learnt ``after`` the answers."""
    answer_bytes, deltas = most_answer_bytes(plans.model.graph), DeltaSettings(settings.delta_threshold)

    def cloud(state: LinkState) -> Cloud:
        who = (caller.token, caller.client)
        uplink = Uplink(caller.session, state.cloud, settings.model, *who, answer_bytes)
        link = CloudLink(uplink, state, settings.timeout_s, plans.reconsider, after.add)
        return Cloud(link, DeltaSender(secrets.randbits(64), deltas))

    return Clouds([cloud(state) for state in states])


async def link_watches(settings: EdgeSettings, clouds: Clouds) -> tuple[LinkWatch, ...]:
    """One for each cloud, which has looked once."""
    watches = tuple(LinkWatch(cloud.link, settings.probe_interval_s) for cloud in clouds.every)
    await asyncio.gather(*(watch.look() for watch in watches))
    return watches
