"""HTTP ingress of the cloud tier: its routes, the scopes that they need, and middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from evosplit.cloud import (
    calibration_routes,
    catalogue_routes,
    event_routes,
    event_socket,
    fleet_routes,
    result_routes,
    version_routes,
)
from evosplit.cloud.admission import AdmissionControl
from evosplit.cloud.app_settings import AppSettings
from evosplit.cloud.authentication import Access, BearerAuthentication, allowed
from evosplit.cloud.direct_route import DirectRoute, GuardedApp
from evosplit.cloud.error_responses import HANDLERS
from evosplit.cloud.inference_route import infer
from evosplit.cloud.services import Services
from evosplit.shared.security.audit_log import AuditLog, audit_file
from evosplit.shared.security.scopes import Scope
from evosplit.shared.security.token_file import token_file
from evosplit.shared.security.token_verifier import TokenVerifier
from evosplit.shared.web.page_files import PageFile, page_files

_INFER: Final = allowed(infer, "infer")


def make_app(services: Services, access: Access) -> GuardedApp:
    """The ASGI application. The event loop only moves bytes; all else happens in the services' threads."""
    app = Starlette(routes=_routes(), exception_handlers=dict(HANDLERS))
    app.state.services = services
    admitted = AdmissionControl(DirectRoute(_INFER, app), metrics=services.plane.metrics)
    return GuardedApp(BearerAuthentication(admitted, access), app)


def access_of(settings: AppSettings) -> Access:
    """By the token in the settings, and those in the data folder."""
    if settings.token is None:
        raise ValueError("the application has no token")
    verifier = TokenVerifier(settings.token.get_secret_value(), token_file(settings.data))
    return Access(verifier, AuditLog(audit_file(settings.data)))


def _routes() -> list[BaseRoute]:
    return [*_protocol_routes(), *_catalogue(), *_planning(), *_fleet(), *_page()]


def _protocol_routes() -> list[Route]:
    """Open Inference Protocol; metadata for the holder of any token."""
    bases = ("/v2/models/{model}", "/v2/models/{model}/versions/{version}")
    # First, as Ray Serve goes through the routes for the name of each request.
    routes = [Route(f"{base}/infer", _INFER, methods=["POST"]) for base in bases]
    routes += [
        _route("/v2", catalogue_routes.server),
        _route("/v2/health/live", catalogue_routes.healthy, is_open=True),
        _route("/v2/health/ready", catalogue_routes.healthy, is_open=True),
        _route("/v1/probe", catalogue_routes.probe, "infer", method="POST"),
    ]
    for base in bases:
        routes += [
            _route(base, catalogue_routes.metadata),
            _route(f"{base}/ready", catalogue_routes.model_ready),
        ]
    return routes


def _catalogue() -> list[Route]:
    return [
        _route("/v1/models", catalogue_routes.models, "read"),
        _route("/v1/models/{model}", catalogue_routes.model, "read", "plan"),
        _route("/v1/models/{model}/versions", version_routes.get_versions, "read"),
        _route("/v1/models/{model}/versions", version_routes.post_versions, "admin", method="POST"),
    ]


def _planning() -> list[Route]:
    model = "/v1/models/{model}"
    one_set = f"{model}/calibrations/{{name}}"
    return [
        _route(f"{model}/skeleton", catalogue_routes.skeleton, "plan"),
        _route(f"{model}/plans", catalogue_routes.plan, "plan", method="POST"),
        _route(f"{model}/weights", calibration_routes.get_weights, "plan"),
        _route(one_set, calibration_routes.get_set, "plan"),
        _route(f"{one_set}/{{index}}", calibration_routes.put_input, "plan", method="PUT"),
        _route("/v1/bundles/{digest}", catalogue_routes.bundle, "plan"),
        _route("/v1/signing-key", catalogue_routes.signing_key, "plan"),
    ]


def _fleet() -> list[BaseRoute]:
    model = "/v1/models/{model}"
    return [
        _route("/metrics", catalogue_routes.metrics, "read"),
        _route("/v1/fleet", fleet_routes.fleet, "read"),
        _route("/v1/results", result_routes.get_results, "read"),
        _route("/v1/results", result_routes.post_result, "infer", method="POST"),
        _route("/v1/results/counts", result_routes.get_counts, "read"),
        _route("/v1/events", event_routes.get_events, "read"),
        WebSocketRoute("/v1/events/ws", allowed(event_socket.get_event_socket, "read")),
        _route(f"{model}/heartbeat", fleet_routes.put_heartbeat, "infer", method="POST"),
        _route(f"{model}/bundles", fleet_routes.put_bundle, "admin", method="POST"),
        _route(f"{model}/rollout", fleet_routes.begin, "admin", method="POST"),
        _route(f"{model}/rollout/promote", fleet_routes.promote, "admin", method="POST"),
        _route(f"{model}/rollout/rollback", fleet_routes.roll_back, "admin", method="POST"),
    ]


def _page() -> list[Route]:
    """The dashboard's files, which need no token."""
    return [Route(path, _page_file(item)) for path, item in page_files().items()]


def _page_file(item: PageFile) -> Callable[[Request], Awaitable[Response]]:
    async def get_file(request: Request) -> Response:
        status, content, headers = item.answer(request.headers.get("If-None-Match"))
        return Response(content, status, headers)

    return get_file


def _route(
    path: str,
    endpoint: Callable[[Request], Awaitable[Response]],
    *scopes: Scope,
    method: str = "GET",
    is_open: bool = False,
) -> Route:
    """A route for holders of one of the scopes; of any token, where none is named."""
    return Route(path, endpoint if is_open else allowed(endpoint, *scopes), methods=[method])
