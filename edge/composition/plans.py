"""Composition of the plans of an agent: what is known of links and device, and who makes other plans."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from evosplit.edge.agent import Agent
from evosplit.edge.composition.clouds import Caller, link_states, planners
from evosplit.edge.composition.heads import first_serving
from evosplit.edge.enrolment.measure import kept_profile
from evosplit.edge.enrolment.note import client_id
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.head.bundle_set import BundleSet
from evosplit.edge.link.link_state import LinkState
from evosplit.edge.link.traffic_meter import TrafficMeter
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.plan_choice.kept_pin import KeptPin
from evosplit.edge.plan_choice.serving import Serving
from evosplit.edge.plan_choice.surroundings import Surroundings
from evosplit.edge.results.decision_file import DecisionFile
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.telemetry.prediction_record import PredictionRecord
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.profile import Profile


@dataclass(frozen=True, eq=False)
class PlannedParts:
    """The plans of one model, the links that they are chosen by, one for each cloud, and what made them.

    ``identity`` is the device's own, ``measured`` its profile where all of that is kept.
    """

    bundles: BundleSet
    identity: str
    caller: Caller
    states: tuple[LinkState, ...]
    planners: tuple[PlannerClient, ...]
    measured: Profile | None
    predictions: PredictionRecord
    log: DecisionFile | None
    plans: CurrentPlan


async def planned_parts(
    settings: EdgeSettings,
    bundles: BundleSet,
    token: str,
    session: aiohttp.ClientSession,
    before: Agent | None,
) -> PlannedParts:
    """What the agent ``before`` knew of its links is known. Raises BundleError, ModelError, CardError."""
    meter = await asyncio.to_thread(_meter, settings) if before is None else before.cloud.meter
    identity = await asyncio.to_thread(client_id, settings.data)
    caller = Caller(session, token, settings.name or identity)
    states = link_states(settings, bundles, meter, None if before is None else before.clouds)
    serving = await asyncio.to_thread(first_serving, settings, bundles)
    model, log = serving.model, _log(settings, before)
    measured = await asyncio.to_thread(kept_profile, settings, model.graph.sha256, model.card)
    predictions = PredictionRecord(settings.folder, measured)
    plans = await asyncio.to_thread(_plans, settings, serving, states, predictions, log)
    makers = planners(settings, caller)
    return PlannedParts(bundles, identity, caller, states, makers, measured, predictions, log, plans)


def _meter(settings: EdgeSettings) -> TrafficMeter:
    return TrafficMeter(settings.traffic, settings.folder / "traffic.json")


def _log(settings: EdgeSettings, before: Agent | None) -> DecisionFile | None:
    """The log goes on where another agent takes a place."""
    if before is not None:
        return before.decision_log
    return None if settings.decision_log is None else DecisionFile(settings.decision_log)


def _plans(
    settings: EdgeSettings,
    serving: Serving,
    states: Sequence[LinkState],
    predictions: PredictionRecord,
    log: DecisionFile | None,
) -> CurrentPlan:
    course = Course(predictions.read(serving.model.table), learns=settings.corrections)
    pin = KeptPin(settings.folder / "plan-choice.json")
    around = Surroundings(states, settings.power, settings.max_latency_s, pin)
    return CurrentPlan(serving, around, course, log.write if log else None)
