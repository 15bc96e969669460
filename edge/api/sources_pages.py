"""HTTP routes of frame sources: listed, added, changed and removed while the agent runs."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from evosplit.edge.api.authentication import HandlerScopes
from evosplit.edge.api.frame_request import read_body
from evosplit.edge.api.pages import AGENT, json_page
from evosplit.edge.control.source_change import change_source
from evosplit.edge.control.source_change import put_source as put_settings
from evosplit.edge.sources.source_run import SourceRun
from evosplit.shared.serial import to_data


def routes() -> list[web.RouteDef]:
    """Everything under ``/v1/sources``."""
    return [
        web.get("/v1/sources", get_sources),
        web.put("/v1/sources/{name}", put_source),
        web.patch("/v1/sources/{name}", patch_source),
        web.delete("/v1/sources/{name}", delete_source),
    ]


def scopes() -> HandlerScopes:
    """The agent connects to what a source names, so changing them is for ``admin``."""
    changing: list[Handler] = [put_source, patch_source, delete_source]
    return {get_sources: "read", **dict.fromkeys(changing, "admin")}


async def get_sources(request: web.Request) -> web.Response:
    """All sources with their state."""
    return json_page({"sources": [_shown(run) for run in request.app[AGENT].agent.sources.runs]})


async def put_source(request: web.Request) -> web.Response:
    """Add a source or change it: the settings of the body, but for the name. Raises UsageError."""
    content, name = await read_body(request), request.match_info["name"]
    await put_settings(request.app[AGENT].agent.sources, name, content)
    return json_page({"name": name})


async def patch_source(request: web.Request) -> web.Response:
    """Change some settings of a source: its rate, a pause. Raises NotFoundError, UsageError."""
    content, name = await read_body(request), request.match_info["name"]
    await change_source(request.app[AGENT].agent.sources, name, content)
    return json_page({"name": name})


async def delete_source(request: web.Request) -> web.Response:
    """Stop a source and forget it. Raises NotFoundError."""
    await request.app[AGENT].agent.sources.remove(request.match_info["name"])
    return json_page({"name": request.match_info["name"]})


def _shown(run: SourceRun) -> dict[str, object]:
    """Addresses may hold passwords: they are shown without."""
    told = to_data(run.told)
    return {**told, "address": run.told.where, **to_data(run.state)}
