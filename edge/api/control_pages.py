"""HTTP routes of controls: the plan's choice, seen and set while the agent runs."""

from __future__ import annotations

from aiohttp import web

from evosplit.edge.api.authentication import HandlerScopes
from evosplit.edge.api.frame_request import read_body
from evosplit.edge.api.pages import AGENT, json_page
from evosplit.edge.control.plan_choice import choose_plan, plan_choice


def routes() -> list[web.RouteDef]:
    """What may be set beside the sources."""
    return [web.get("/v1/plan/choice", get_choice), web.put("/v1/plan/choice", put_choice)]


def scopes() -> HandlerScopes:
    """Who reads results may see how they come about; changes are for ``admin``."""
    return {get_choice: "read", put_choice: "admin"}


async def get_choice(request: web.Request) -> web.Response:
    """Whether plans change by themselves, or which one is pinned."""
    return json_page(plan_choice(request.app[AGENT].agent.plans))


async def put_choice(request: web.Request) -> web.Response:
    """Pin a plan or a cut, or let plans change; how it is then. Raises UsageError."""
    content = await read_body(request)
    plans = request.app[AGENT].agent.plans
    await choose_plan(plans, content)
    return json_page(plan_choice(plans))
