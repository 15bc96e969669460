"""The HTTP face of the cloud tier: routes to the data plane and the plan service, nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from typing import TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from cloud.body import read_body
from cloud.dataplane import Call, DataPlane
from cloud.encoding import compress
from cloud.failures import HANDLERS
from cloud.guard import Guard
from cloud.plans import PlanService
from cloud.registry import Registry
from cloud.settings import AppSettings
from shared.card import card_to_data
from shared.errors import NotFoundError
from shared.oip import BINARY_TYPE, HEADER_LENGTH, MODEL_VERSION, model_metadata, server_metadata
from shared.serial import to_json

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """What the routes need: models, data plane, plan service, and the threads that they run in."""

    settings: AppSettings
    registry: Registry
    plane: DataPlane
    plans: PlanService
    infer_pool: ThreadPoolExecutor
    plan_pool: ThreadPoolExecutor


def make_app(services: Services) -> Starlette:
    """The ASGI application. The event loop only moves bytes; all else happens in the services' threads."""
    if services.settings.token is None:
        raise ValueError("the application has no token")
    guard = Middleware(Guard, token=services.settings.token.get_secret_value())
    app = Starlette(routes=_routes(), middleware=[guard], exception_handlers=dict(HANDLERS))
    app.state.services = services
    return app


def _routes() -> list[Route]:
    routes = [
        Route("/v2", _server),
        Route("/v2/health/live", _healthy),
        Route("/v2/health/ready", _healthy),
        Route("/v1/models", _models),
        Route("/v1/models/{model}", _model),
        Route("/v1/models/{model}/skeleton", _skeleton),
        Route("/v1/models/{model}/plans", _plan, methods=["POST"]),
        Route("/v1/bundles/{digest}", _bundle),
    ]
    for base in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        routes += [
            Route(base, _metadata),
            Route(f"{base}/ready", _model_ready),
            Route(f"{base}/infer", _infer, methods=["POST"]),
        ]
    return routes


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _healthy(_request: Request) -> Response:
    return Response()


async def _server(_request: Request) -> Response:
    return JSONResponse(server_metadata("evosplit", version("evosplit")))


async def _metadata(request: Request) -> Response:
    graph = _services(request).registry.get(_name(request)).graph
    described = [[graph.tensors[name] for name in names] for names in (graph.inputs, graph.outputs)]
    return JSONResponse(model_metadata(graph.name, *described))


async def _model_ready(request: Request) -> Response:
    _services(request).registry.get(_name(request))
    return Response()


async def _infer(request: Request) -> Response:
    services, settings = _services(request), _services(request).settings
    name, accepted = _name(request), request.headers.get("accept-encoding")
    services.registry.get(name)  # an unknown model is refused before the body is read
    body = await read_body(request, settings.max_body_bytes, settings.body_timeout_s)
    call = Call(body, _header_length(request), received_s=time.perf_counter())

    def work() -> tuple[tuple[bytes, str | None], int | None]:
        answer, header_length = services.plane.answer(name, call)
        return compress(answer, accepted), header_length

    (answer, coding), header_length = await _in(services.infer_pool, work, settings.infer_timeout_s)
    headers = {} if header_length is None else {HEADER_LENGTH: str(header_length)}
    headers |= {} if coding is None else {"Content-Encoding": coding}
    return Response(answer, media_type=BINARY_TYPE if header_length else "application/json", headers=headers)


async def _models(request: Request) -> Response:
    registry = _services(request).registry
    broken = {name: str(problem) for name, problem in registry.broken.items()}
    return JSONResponse({"models": sorted(registry.models), "broken": broken})


async def _model(request: Request) -> Response:
    model = _services(request).registry.get(_name(request))
    card = None if model.card is None else card_to_data(model.card)
    return JSONResponse({"name": model.name, "sha256": model.graph.sha256, "card": card})


async def _skeleton(request: Request) -> Response:
    services = _services(request)
    model = services.registry.get(_name(request))
    content = await _in(services.plan_pool, lambda: model.skeleton, services.settings.plan_timeout_s)
    return Response(content, media_type=BINARY_TYPE)


async def _plan(request: Request) -> Response:
    services, settings = _services(request), _services(request).settings
    model = services.registry.get(_name(request))
    body = await read_body(request, settings.max_body_bytes, settings.body_timeout_s)
    answer = await _in(
        services.plan_pool, lambda: to_json(services.plans.plan(model, body)), settings.plan_timeout_s
    )
    return Response(answer, media_type="application/json")


async def _bundle(request: Request) -> Response:
    path = _services(request).plans.bundles.find(request.path_params["digest"])
    return FileResponse(path, media_type=BINARY_TYPE)


def _name(request: Request) -> str:
    version = request.path_params.get("version", MODEL_VERSION)
    if version != MODEL_VERSION:
        raise NotFoundError(f"no version {version!r} here; every model has version {MODEL_VERSION}")
    name: str = request.path_params["model"]
    return name


def _header_length(request: Request) -> int | None:
    text = request.headers.get(HEADER_LENGTH)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise HTTPException(400, f"{HEADER_LENGTH} is not a number of bytes")
    return int(text)


async def _in(pool: ThreadPoolExecutor, work: Callable[[], T], timeout_s: float) -> T:
    """Run in a thread; on time-out the client is told, and the thread finishes by itself."""
    try:
        return await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(pool, work), timeout_s)
    except asyncio.TimeoutError:
        raise HTTPException(504, f"no answer within {timeout_s:g} s") from None
