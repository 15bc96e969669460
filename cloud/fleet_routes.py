"""HTTP routes of the fleet: heartbeats, who is there, bundles from outside, and roll-outs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from evosplit.cloud.authentication import HOLDER
from evosplit.cloud.fleet.fleet_status import fleet_status, rollout_status
from evosplit.cloud.fleet.model_rollout import ModelRollout
from evosplit.cloud.request_body import read_body
from evosplit.cloud.services import in_pool, model_name, requested_model, services_of
from evosplit.planner.bundle import build_bundle
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import card_to_data
from evosplit.shared.errors import InputError, UsageError
from evosplit.shared.fleet.heartbeat import MOST_BYTES, Heartbeat
from evosplit.shared.plan import PlanTable
from evosplit.shared.security.scopes import Holder
from evosplit.shared.security.token_records import ADMIN_NAME
from evosplit.shared.serial import from_json, to_data

T = TypeVar("T")


@dataclass(frozen=True)
class RolloutRequest:
    """A bundle in the store, the share of the edges that get it, and the least agreement (None: promised)."""

    bundle: str
    share: float
    least_agreement: float | None = None


@dataclass(frozen=True)
class RollbackRequest:
    """Why a bundle is taken back."""

    reason: str = "rolled back by hand"


@dataclass(frozen=True)
class TableRequest:
    """A plan table to make a bundle of, and what it promises: the share of answers that it may cost."""

    table: PlanTable
    max_drop: float | None = None


def holder_name(request: Request) -> str | None:
    """The name of the token, None for the single one of the tier."""
    holder: Holder = request.scope[HOLDER]
    return None if holder.name == ADMIN_NAME else holder.name


async def put_heartbeat(request: Request) -> Response:
    """Hear an edge, and say whether it should ask for plans again."""
    services = services_of(request)
    model = await requested_model(request)
    body = await read_body(request, MOST_BYTES, services.settings.body_timeout_s)
    beat = from_json(Heartbeat, body, InputError)
    holder = holder_name(request)
    return JSONResponse(to_data(await in_pool(request, lambda: services.fleet.hear(model, holder, beat))))


async def fleet(request: Request) -> Response:
    """Edges and roll-outs."""
    known = services_of(request).fleet
    edges, rollouts = await in_pool(request, lambda: (known.edges(), known.rollouts()))
    return JSONResponse(fleet_status(edges, rollouts, time.time(), known.interval_s))


async def put_bundle(request: Request) -> Response:
    """Keep a bundle that was made elsewhere, a file or a plan table of this model as JSON."""
    services, settings = services_of(request), services_of(request).settings
    model = await requested_model(request)
    body = await read_body(request, settings.max_body_bytes, settings.body_timeout_s)
    bundles, name = services.plans.bundles, f"sent-{secrets.token_hex(8)}"

    def work() -> Bundle:
        if not body.startswith(b"{"):
            return bundles.take(body, name)
        asked, place = from_json(TableRequest, body, InputError), bundles.place(name)
        if asked.table.model_sha256 != model.graph.sha256:
            raise UsageError(f"the plan table is of another model or version than {model.name} is here")
        card = None if model.card is None else card_to_data(model.card)
        build_bundle(model.graph, asked.table, card, place, "card", asked.max_drop)
        return bundles.take(place.read_bytes(), name)

    bundle = await in_pool(request, work)
    return JSONResponse({"bundle": bundle.digest, "model": bundle.manifest.model})


async def begin(request: Request) -> Response:
    """Roll a bundle out to a share of the edges."""
    services = services_of(request)
    model = await requested_model(request)
    asked = await _asked(request, RolloutRequest)

    def work() -> ModelRollout:
        bundle = Bundle.open(services.plans.bundles.find(asked.bundle), asked.bundle)
        state = services.fleet.begin(model, bundle, asked.share, asked.least_agreement)
        services.warmer.warm([bundle.manifest.table])  # before any edge sends a frame by it
        return state

    return await _state(request, work)


async def promote(request: Request) -> Response:
    """Give the candidate to every edge."""
    fleet = services_of(request).fleet
    return await _state(request, lambda: fleet.promote(model_name(request)))


async def roll_back(request: Request) -> Response:
    """Take back what is being rolled out, or was promoted."""
    fleet, asked = services_of(request).fleet, await _asked(request, RollbackRequest)
    return await _state(request, lambda: fleet.roll_back(model_name(request), asked.reason[:200]))


async def _state(request: Request, work: Callable[[], ModelRollout]) -> Response:
    return JSONResponse(rollout_status(model_name(request), await in_pool(request, work)))


async def _asked(request: Request, kind: type[T]) -> T:
    body = await read_body(request, MOST_BYTES, services_of(request).settings.body_timeout_s)
    return from_json(kind, body or b"{}", UsageError)
