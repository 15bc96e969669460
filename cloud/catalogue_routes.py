"""HTTP routes of metadata: the server and its metrics, its models, their skeletons, plans and bundles."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from evosplit.cloud import fleet_routes
from evosplit.cloud.plan_service import read_request
from evosplit.cloud.repository.layout import ModelKey
from evosplit.cloud.request_body import read_body
from evosplit.cloud.services import client_key, model_name, model_version, requested_model, services_of
from evosplit.cloud.worker_threads import in_thread
from evosplit.shared.card import card_to_data
from evosplit.shared.oip import (
    BINARY_TYPE,
    CLIENT_HEADER,
    model_metadata,
    server_metadata,
    server_timing_header,
)
from evosplit.shared.serial import to_json

NAME: Final = "evosplit"
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


async def healthy(_request: Request) -> Response:
    """Alive and ready: a replica answers only once it is built."""
    return Response()


async def server(_request: Request) -> Response:
    """Name, version, extensions."""
    return JSONResponse(server_metadata(NAME, version("evosplit")))


async def metrics(request: Request) -> Response:
    """Prometheus metrics of the replica that answers; in the event loop, which alone knows the queue."""
    return Response(services_of(request).plane.metrics.text(), headers={"Content-Type": METRICS_TYPE})


async def metadata(request: Request) -> Response:
    """Inputs and outputs of a model."""
    versions = services_of(request).registry.catalogue.versions(model_name(request))
    return JSONResponse(model_metadata((await requested_model(request)).graph, tuple(versions)))


async def model_ready(request: Request) -> Response:
    """200 for a model that can be served."""
    services_of(request).registry.entry(model_name(request), model_version(request), client_key(request))
    return Response()


async def probe(request: Request) -> Response:
    """Reads a body and forgets it, so that an edge can measure its link; it knows the cloud by its name.

    The answer also tells how long frames wait here, to edges that send none just now.
    """
    services, started_s = services_of(request), time.perf_counter()
    await read_body(request, services.settings.max_body_bytes, services.settings.body_timeout_s)
    timing = server_timing_header(services.inference.wait_s(), time.perf_counter() - started_s)
    return JSONResponse({"name": NAME}, headers=timing)


async def models(request: Request) -> Response:
    """The names of all models, and what is wrong with the others."""
    registry = services_of(request).registry
    broken = {name: str(problem) for name, problem in registry.broken.items()}
    return JSONResponse({"models": sorted(registry.models), "broken": broken})


async def model(request: Request) -> Response:
    """Name, sha256 and card of a model, and a text that changes when there is more to plan with."""
    services = services_of(request)
    model = await requested_model(request)
    card = None if model.card is None else card_to_data(model.card)
    state = services.plans.restorations.state(model.graph.sha256)
    described = {"name": model.name, "sha256": model.graph.sha256, "card": card, "restorations": state}
    problem = services.registry.catalogue.stale.get(ModelKey(model.name, model.version))
    stale = {} if problem is None else {"problem": str(problem)}
    return JSONResponse({**described, "version": model.version, **stale})


async def skeleton(request: Request) -> Response:
    """The ONNX model without its large weights."""
    services = services_of(request)
    model = await requested_model(request)
    content = await in_thread(services.pool, lambda: model.skeleton, services.settings.infer_timeout_s)
    return Response(content, media_type=BINARY_TYPE)


async def plan(request: Request) -> Response:
    """Plan for the edge whose profile is in the body."""
    services, settings = services_of(request), services_of(request).settings
    model = await requested_model(request)
    body = await read_body(request, settings.max_body_bytes, settings.body_timeout_s)

    holder, said = fleet_routes.holder_name(request), request.headers.get(CLIENT_HEADER)

    def known() -> bytes | None:
        """What is there already does not wait for those for whom plans are being made."""
        answer = services.fleet.assigned(model, holder, said, read_request(model, body))
        return None if answer is None else to_json(services.signer.sign(model, answer, body))

    def work() -> bytes:
        answer = services.plans.plan(model, body)
        services.fleet.keep_own(model, holder, said, read_request(model, body), answer)
        services.warmer.warm([answer.table])  # before any edge can send a frame by it
        return to_json(services.signer.sign(model, answer, body))

    ready = await in_thread(services.pool, known, settings.infer_timeout_s)
    answer = ready or await in_thread(services.plan_pool, work, settings.plan_timeout_s)
    return Response(answer, media_type="application/json")


async def bundle(request: Request) -> Response:
    """A bundle, by its digest."""
    path = services_of(request).plans.bundles.find(request.path_params["digest"])
    return FileResponse(path, media_type=BINARY_TYPE)


async def signing_key(request: Request) -> Response:
    """The public key of the releases, for agents that trust the first one they see."""
    return JSONResponse({"key": services_of(request).signer.public_key.decode()})
