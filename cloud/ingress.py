"""HTTP ingress of the cloud tier: its routes and middleware."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from evosplit.cloud import calibration_routes, catalogue_routes
from evosplit.cloud.admission import AdmissionControl
from evosplit.cloud.authentication import BearerAuthentication
from evosplit.cloud.error_responses import HANDLERS
from evosplit.cloud.inference_route import infer
from evosplit.cloud.services import Services


def make_app(services: Services) -> Starlette:
    """The ASGI application. The event loop only moves bytes; all else happens in the services' threads."""
    if services.settings.token is None:
        raise ValueError("the application has no token")
    authentication = Middleware(BearerAuthentication, token=services.settings.token.get_secret_value())
    app = Starlette(
        routes=_routes(),
        middleware=[authentication, Middleware(AdmissionControl)],
        exception_handlers=dict(HANDLERS),
    )
    app.state.services = services
    return app


def _routes() -> list[Route]:
    routes = [
        Route("/v2", catalogue_routes.server),
        Route("/v2/health/live", catalogue_routes.healthy),
        Route("/v2/health/ready", catalogue_routes.healthy),
        Route("/v1/probe", catalogue_routes.probe, methods=["POST"]),
        Route("/v1/models", catalogue_routes.models),
        Route("/v1/models/{model}", catalogue_routes.model),
        Route("/v1/models/{model}/skeleton", catalogue_routes.skeleton),
        Route("/v1/models/{model}/plans", catalogue_routes.plan, methods=["POST"]),
        Route("/v1/models/{model}/weights", calibration_routes.get_weights),
        Route("/v1/models/{model}/calibrations/{name}", calibration_routes.get_set),
        Route(
            "/v1/models/{model}/calibrations/{name}/{index}", calibration_routes.put_input, methods=["PUT"]
        ),
        Route("/v1/bundles/{digest}", catalogue_routes.bundle),
    ]
    for base in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        routes += [
            Route(base, catalogue_routes.metadata),
            Route(f"{base}/ready", catalogue_routes.model_ready),
            Route(f"{base}/infer", infer, methods=["POST"]),
        ]
    return routes
