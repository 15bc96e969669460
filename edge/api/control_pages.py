"""HTTP routes of controls: the plan's choice and the region, seen and set while the agent runs."""

from __future__ import annotations

from aiohttp import web

from evosplit.edge.api.authentication import HandlerScopes
from evosplit.edge.api.frame_request import read_body
from evosplit.edge.api.pages import AGENT, json_page
from evosplit.edge.control.plan_choice import choose_plan, plan_choice
from evosplit.edge.control.region import region_state, set_region


def routes() -> list[web.RouteDef]:
    """What may be set beside the sources."""
    return [
        web.get("/v1/plan/choice", get_choice),
        web.put("/v1/plan/choice", put_choice),
        web.get("/v1/region", get_region),
        web.put("/v1/region", put_region),
    ]


def scopes() -> HandlerScopes:
    """Who reads results may see how they come about; changes are for ``admin``."""
    return {get_choice: "read", put_choice: "admin", get_region: "read", put_region: "admin"}


async def get_choice(request: web.Request) -> web.Response:
    """Whether plans change by themselves, or which one is pinned."""
    return json_page(plan_choice(request.app[AGENT].agent.plans))


async def put_choice(request: web.Request) -> web.Response:
    """Pin a plan or a cut, or let plans change; how it is then. Raises UsageError."""
    content = await read_body(request)
    plans = request.app[AGENT].agent.plans
    await choose_plan(plans, content)
    return json_page(plan_choice(plans))


async def get_region(request: web.Request) -> web.Response:
    """The part of the pictures that is computed."""
    return json_page(region_state(request.app[AGENT]))


async def put_region(request: web.Request) -> web.Response:
    """Compute another part, or all again; how it is then. Raises UsageError."""
    await set_region(request.app[AGENT], await read_body(request))
    return json_page(region_state(request.app[AGENT]))
