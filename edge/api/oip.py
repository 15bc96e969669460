"""Open Inference Protocol v2 with tensors: a stock client gets the whole model, run as planned."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from evosplit.edge.api.pages import AGENT
from evosplit.edge.pipeline.frame_flow import Finished
from evosplit.edge.pipeline.intake import Ticket
from evosplit.shared.card import Card
from evosplit.shared.errors import InputError, NotFoundError
from evosplit.shared.graph import Graph
from evosplit.shared.oip import (
    BINARY_TYPE,
    HEADER_LENGTH,
    MODEL_VERSION,
    InferRequest,
    InferResponse,
    InferTensor,
    RequestedOutput,
    build_response,
    classify,
    model_inputs,
    model_metadata,
    parse_request,
    server_metadata,
    tensor,
)


def routes() -> list[web.RouteDef]:
    """Everything under ``/v2``."""
    found = [
        web.get("/v2", get_server),
        web.get("/v2/health/live", healthy),
        web.get("/v2/health/ready", healthy),
    ]
    for base in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        found += [
            web.get(base, get_model),
            web.get(f"{base}/ready", get_model_ready),
            web.post(f"{base}/infer", post_infer),
        ]
    return found


async def healthy(_request: web.Request) -> web.Response:
    """The agent listens only when it is ready."""
    return web.Response()


async def get_server(_request: web.Request) -> web.Response:
    """Server metadata."""
    return web.json_response(server_metadata("evosplit-edge", version("evosplit")))


async def get_model(request: web.Request) -> web.Response:
    """Model metadata."""
    return web.json_response(model_metadata(_graph(request)))


async def get_model_ready(request: web.Request) -> web.Response:
    """200 for the model that is here."""
    _graph(request)
    return web.Response()


async def post_infer(request: web.Request) -> web.Response:
    """Tensors in, tensors out. The frame's id, and who answered, are among the response's parameters."""
    graph = _graph(request)
    agent = request.app[AGENT]
    asked = parse_request(await request.read(), _header_length(request))
    feeds = model_inputs(graph, asked.inputs)
    _check_outputs(graph, asked)
    finished = await agent.frames.take_tensors(feeds, Ticket(uuid.uuid4().hex, "oip"))
    body, length = build_response(_response(graph, agent.plans.model.card, asked, finished), asked)
    headers = {"Content-Type": BINARY_TYPE if length else "application/json"}
    return web.Response(body=body, headers=headers | ({HEADER_LENGTH: str(length)} if length else {}))


def _graph(request: web.Request) -> Graph:
    graph = request.app[AGENT].plans.model.graph
    name, number = request.match_info["model"], request.match_info.get("version", MODEL_VERSION)
    if name != graph.name:
        raise NotFoundError(f"no model {name!r} here; there is {graph.name}")
    if number != MODEL_VERSION:
        raise NotFoundError(f"no version {number!r} here; every model has version {MODEL_VERSION}")
    return graph


def _header_length(request: web.Request) -> int | None:
    text = request.headers.get(HEADER_LENGTH)
    if text is not None and not (text.isascii() and text.isdigit() and len(text) < 20):
        raise InputError(f"{HEADER_LENGTH} is not a number of bytes")
    return None if text is None else int(text)


def _check_outputs(graph: Graph, asked: InferRequest) -> None:
    for output in asked.outputs:
        if output.name not in graph.outputs:
            raise InputError(f"no output {output.name!r} here; there are {', '.join(graph.outputs)}")
        if output.classification and np.dtype(graph.tensors[output.name].dtype).kind not in "iuf":
            raise InputError(f"output {output.name} holds no numbers to rank")


def _response(graph: Graph, card: Card | None, asked: InferRequest, finished: Finished) -> InferResponse:
    labels = (card.labels if card else None) or ()
    wanted = asked.outputs or tuple(RequestedOutput(name) for name in graph.outputs)
    result = finished.result
    return InferResponse(
        model_name=graph.name,
        outputs=tuple(_output(output, finished.outputs, labels) for output in wanted),
        id=asked.id,
        parameters={
            "frame_id": result.frame_id,
            "answered_by": result.answered_by,
            "total_s": result.breakdown.total_s,
            "wire_bytes": result.wire_bytes,
        },
    )


def _output(
    wanted: RequestedOutput, made: Mapping[str, NDArray[Any]], labels: tuple[str, ...]
) -> InferTensor:
    item = tensor(wanted.name, made[wanted.name])
    return classify(item, wanted.classification, labels) if wanted.classification else item
