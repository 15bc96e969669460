"""HTTP routes of frame sources: listed, added, changed and removed while the agent runs."""

from __future__ import annotations

from aiohttp import web

from evosplit.edge.api.authentication import HandlerScopes
from evosplit.edge.api.frame_request import read_body
from evosplit.edge.api.pages import AGENT, json_page
from evosplit.edge.control.json_request import json_object
from evosplit.edge.sources.source_run import SourceRun
from evosplit.edge.sources.source_settings import source_settings
from evosplit.shared.serial import to_data


def routes() -> list[web.RouteDef]:
    """Everything under ``/v1/sources``."""
    return [
        web.get("/v1/sources", get_sources),
        web.put("/v1/sources/{name}", put_source),
        web.delete("/v1/sources/{name}", delete_source),
    ]


def scopes() -> HandlerScopes:
    """The agent connects to what a source names, so changing them is for ``admin``."""
    return {get_sources: "read", put_source: "admin", delete_source: "admin"}


async def get_sources(request: web.Request) -> web.Response:
    """All sources with their state."""
    return json_page({"sources": [_shown(run) for run in request.app[AGENT].agent.sources.runs]})


async def put_source(request: web.Request) -> web.Response:
    """Add a source or change it: the settings of the body, but for the name. Raises UsageError."""
    told = json_object(await read_body(request), "the source's settings, at least its address")
    name = request.match_info["name"]
    await request.app[AGENT].agent.sources.put(source_settings({**told, "name": name}))
    return json_page({"name": name})


async def delete_source(request: web.Request) -> web.Response:
    """Stop a source and forget it. Raises NotFoundError."""
    await request.app[AGENT].agent.sources.remove(request.match_info["name"])
    return json_page({"name": request.match_info["name"]})


def _shown(run: SourceRun) -> dict[str, object]:
    """Addresses may hold passwords: they are shown without."""
    told = to_data(run.told)
    return {**told, "address": run.told.where, **to_data(run.state)}
