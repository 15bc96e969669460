"""HTTP routes of the agent: frames in, results out, the plan in use, metrics."""

from __future__ import annotations

import asyncio
import functools
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from evosplit.edge.api.authentication import HandlerScopes
from evosplit.edge.api.frame_request import picture_body, ticket
from evosplit.edge.api.status import plan_status, profile_status
from evosplit.edge.control.served import Served
from evosplit.edge.results.query import count_results, query_results
from evosplit.shared.errors import NotFoundError
from evosplit.shared.result_query import parse_filter
from evosplit.shared.result_query.count_request import parse_counts
from evosplit.shared.serial import json_text, to_compact_json, to_data

AGENT: Final = web.AppKey("agent", Served)

json_page: Final = functools.partial(web.json_response, dumps=json_text)
"""An answer in JSON, with null for numbers that are not finite."""


def routes() -> list[web.RouteDef]:
    """Everything under ``/v1`` and ``/metrics``."""
    return [
        web.post("/v1/frames", post_frame),
        web.get("/v1/results", get_results),
        web.get("/v1/results/counts", get_counts),
        web.get("/v1/results/{frame_id}", get_result),
        web.get("/v1/plan", get_plan),
        web.get("/v1/profile", get_profile),
        web.get("/metrics", get_metrics),
    ]


def scopes() -> HandlerScopes:
    """Frames for inference, all else for reading."""
    reading: list[Handler] = [get_results, get_counts, get_result, get_plan, get_profile, get_metrics]
    return {post_frame: "infer", **dict.fromkeys(reading, "read")}


async def post_frame(request: web.Request) -> web.Response:
    """A picture in, its result out; 202 where it waits for the cloud."""
    content = await picture_body(request)
    said = ticket(request.query, request.headers)
    finished = await request.app[AGENT].agent.frames.take_picture(content, said)
    if finished.waits:
        return _waiting(finished.result.frame_id)
    body = finished.json or to_compact_json(finished.result)  # as it is stored: it is written once
    return web.Response(body=body, content_type="application/json", charset="utf-8")


async def get_results(request: web.Request) -> web.Response:
    """A page of results."""
    wanted = parse_filter(request.query)
    page = await asyncio.to_thread(query_results, request.app[AGENT].agent.store, wanted)
    return json_page(to_data(page))


async def get_counts(request: web.Request) -> web.Response:
    """How many results came in each minute, hour or day."""
    asked = parse_counts(request.query)
    counts = await asyncio.to_thread(count_results, request.app[AGENT].agent.store, asked)
    return json_page({"by": asked.by, "split": asked.split, "counts": to_data(counts)})


async def get_result(request: web.Request) -> web.Response:
    """One result by its frame's id; 202 for a frame that waits for the cloud."""
    frame_id = request.match_info["frame_id"]
    agent = request.app[AGENT].agent
    if agent.spool is not None and agent.spool.holds(frame_id):
        return _waiting(frame_id)
    result = await asyncio.to_thread(agent.store.get, frame_id)
    if result is None:
        raise NotFoundError(f"no result of a frame {frame_id[:128]!r}")
    return json_page(to_data(result))


async def get_plan(request: web.Request) -> web.Response:
    """The plan in use, the link as estimated, and the table."""
    return json_page(plan_status(request.app[AGENT].agent))


async def get_profile(request: web.Request) -> web.Response:
    """What frames cost, per segment and per hook."""
    return json_page(profile_status(request.app[AGENT].agent))


async def get_metrics(request: web.Request) -> web.Response:
    """Prometheus text."""
    agent = request.app[AGENT].agent
    plans = agent.plans
    agent.metrics.see_plans(plans.plan_changes, plans.pin is not None, plans.keeps_to_pin)
    for cloud in agent.clouds.every:
        link = cloud.link
        agent.metrics.see_cloud(cloud.name, link.link, not link.circuit.is_open, link.wait_s)
    agent.metrics.calibration.see(
        plans.calibration,
        plans.table_changes,
        None if agent.calibration is None else agent.calibration.state,
    )
    if agent.plan_audits is not None:
        agent.metrics.plans.see(agent.plan_audits.state)
    if agent.spool is not None:
        agent.metrics.spool.see(agent.spool.state())
    for source in agent.sources.runs:
        agent.metrics.sources.see(source.told.name, source.state)
    for sink in agent.sinks:
        agent.metrics.sinks.see(sink.name, sink.state)
    if agent.hook_manager is not None:
        manager = agent.hook_manager
        agent.metrics.see_hooks(manager.states(), manager.sampler_state.size_bytes)
    return web.Response(body=agent.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})


def _waiting(frame_id: str) -> web.Response:
    return json_page({"frame_id": frame_id, "status": "waiting"}, status=202)
