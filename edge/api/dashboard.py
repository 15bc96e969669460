"""Dashboard of an agent: its page, and the network as the page draws it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from evosplit.edge.agent import Agent
from evosplit.edge.api.authentication import HandlerScopes
from evosplit.edge.api.pages import AGENT, json_page
from evosplit.shared.graph import Graph, Layer, parse_cut
from evosplit.shared.plan import Plan
from evosplit.shared.replan import choices
from evosplit.shared.serial import to_data
from evosplit.shared.web.page_files import PageFile, page_files


def routes() -> list[web.RouteDef]:
    """The page's files, which need no token, and what it reads beside the other pages."""
    page = [web.get(path, _handler(item)) for path, item in page_files().items()]
    return [*page, web.get("/v1/network", get_network), web.get("/v1/sinks", get_sinks)]


def scopes() -> HandlerScopes:
    """What the page reads is for reading."""
    return {get_network: "read", get_sinks: "read"}


async def get_network(request: web.Request) -> web.Response:
    """Layers in execution order, and which of them each plan of the table keeps on the edge."""
    return json_page(network(request.app[AGENT].agent))


async def get_sinks(request: web.Request) -> web.Response:
    """Where results go, and how many went."""
    sinks = request.app[AGENT].agent.sinks
    return json_page({"sinks": [{"name": sink.name, **to_data(sink.state)} for sink in sinks]})


def network(agent: Agent) -> dict[str, Any]:
    """The answer to ``GET /v1/network``; ``plans`` are those of the table, with their digests."""
    model = agent.plans.model
    return {
        "model": model.graph.name,
        "model_sha256": model.graph.sha256,
        "inputs": list(model.graph.inputs),
        "layers": [_layer(model.graph, layer) for layer in model.graph.layers],
        "plans": [_plan(model.graph, plan) for plan in choices(model.table)],
    }


def _layer(graph: Graph, layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "op": layer.op,
        "macs": layer.macs,
        "weight_elements": layer.weight_elements,
        "outputs": list(layer.outputs),
        "output_bytes": sum(graph.tensors[name].size_bytes for name in layer.outputs),
    }


def _plan(graph: Graph, plan: Plan) -> dict[str, Any]:
    layers = parse_cut(graph, plan.cut_key).layers
    return {"digest": plan.digest, "cut_key": plan.cut_key, "edge_layers": list(layers)}


def _handler(item: PageFile) -> Callable[[web.Request], Coroutine[Any, Any, web.Response]]:
    async def get_file(request: web.Request) -> web.Response:
        status, content, headers = item.answer(request.headers.get("If-None-Match"))
        return web.Response(status=status, body=content or None, headers=headers)

    return get_file
