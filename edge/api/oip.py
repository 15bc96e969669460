"""Open Inference Protocol v2 with tensors: a stock client gets the whole model, run as planned."""

from __future__ import annotations

import uuid
from importlib.metadata import version

import numpy as np
from aiohttp import web

from evosplit.edge.api.authentication import HandlerScopes
from evosplit.edge.api.frame_request import read_body
from evosplit.edge.api.pages import AGENT, json_page
from evosplit.edge.pipeline.finished import Finished
from evosplit.edge.pipeline.intake import Ticket
from evosplit.shared.card import Card
from evosplit.shared.errors import NotFoundError
from evosplit.shared.graph import Graph
from evosplit.shared.oip import (
    BINARY_TYPE,
    HEADER_LENGTH,
    MODEL_VERSION,
    InferRequest,
    InferResponse,
    build_response,
    check_outputs,
    header_length,
    model_inputs,
    model_metadata,
    parse_request,
    requested_outputs,
    server_metadata,
)
from evosplit.shared.tracing.trace_context import TRACEPARENT, parse_traceparent


def routes() -> list[web.RouteDef]:
    """Everything under ``/v2``."""
    handlers = [
        web.get("/v2", get_server),
        web.get("/v2/health/live", healthy),
        web.get("/v2/health/ready", healthy),
    ]
    for base in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        handlers += [
            web.get(base, get_model),
            web.get(f"{base}/ready", get_model_ready),
            web.post(f"{base}/infer", post_infer),
        ]
    return handlers


def scopes() -> HandlerScopes:
    """Tensors for inference, metadata for the holder of any token."""
    return {post_infer: "infer", get_server: None, get_model: None, get_model_ready: None}


async def healthy(_request: web.Request) -> web.Response:
    """The agent listens only when it is ready."""
    return web.Response()


async def get_server(_request: web.Request) -> web.Response:
    """Server metadata."""
    return json_page(server_metadata("evosplit-edge", version("evosplit")))


async def get_model(request: web.Request) -> web.Response:
    """Model metadata."""
    return json_page(model_metadata(_graph(request)))


async def get_model_ready(request: web.Request) -> web.Response:
    """200 for the model that is here."""
    _graph(request)
    return web.Response()


async def post_infer(request: web.Request) -> web.Response:
    """Tensors in, tensors out. The frame's id, and who answered, are among the response's parameters."""
    body = await read_body(request)
    graph, agent = _graph(request), request.app[AGENT].agent
    asked = parse_request(body, header_length(request.headers.get(HEADER_LENGTH)))
    feeds = model_inputs(graph, asked.inputs)
    check_outputs(asked.outputs, {name: np.dtype(graph.tensors[name].dtype) for name in graph.outputs})
    trace = parse_traceparent(request.headers.get(TRACEPARENT))
    finished = await agent.frames.take_tensors(feeds, Ticket(uuid.uuid4().hex, "oip", trace=trace))
    answer, length = build_response(_response(graph, agent.plans.model.card, asked, finished), asked)
    headers = {"Content-Type": BINARY_TYPE if length else "application/json"}
    return web.Response(body=answer, headers=headers | ({HEADER_LENGTH: str(length)} if length else {}))


def _graph(request: web.Request) -> Graph:
    graph = request.app[AGENT].agent.plans.model.graph
    name, number = request.match_info["model"], request.match_info.get("version", MODEL_VERSION)
    if name != graph.name:
        raise NotFoundError(f"no model {name!r} here; there is {graph.name}")
    if number != MODEL_VERSION:
        raise NotFoundError(f"no version {number!r} here; every model has version {MODEL_VERSION}")
    return graph


def _response(graph: Graph, card: Card | None, asked: InferRequest, finished: Finished) -> InferResponse:
    labels = (card.labels if card else None) or ()
    made = {name: finished.outputs[name] for name in graph.outputs}
    result = finished.result
    return InferResponse(
        model_name=graph.name,
        outputs=requested_outputs(asked.outputs, made, labels),
        id=asked.id,
        parameters={
            "frame_id": result.frame_id,
            "answered_by": result.answered_by,
            "total_s": result.breakdown.total_s,
            "wire_bytes": result.wire_bytes,
        },
    )
