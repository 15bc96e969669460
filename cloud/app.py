"""Ray Serve application: one deployment, whose replicas hold the data plane and answer HTTP themselves.

``serve run cloud/serve_config.yaml`` starts it from a file; ``evosplit cloud`` starts it on this machine.
"""

from typing import Any, Final

from ray import serve
from ray.serve import Application
from starlette.applications import Starlette

from evosplit.cloud.admission import MAX_ONGOING_REQUESTS
from evosplit.cloud.assemble import make_services
from evosplit.cloud.ingress import make_app
from evosplit.cloud.serve_batching import make_batcher
from evosplit.cloud.settings import AppSettings

RAY_MAX_ONGOING_REQUESTS: Final = 2 * MAX_ONGOING_REQUESTS
"""Twice what `evosplit.cloud.admission` admits: its 503 comes first, and Ray's own only in a flood."""


@serve.deployment(
    max_ongoing_requests=RAY_MAX_ONGOING_REQUESTS,
    graceful_shutdown_timeout_s=5,
    ray_actor_options={"num_cpus": 1},
)
@serve.ingress()
class Cloud:
    """A replica. All that it does is in ``evosplit.cloud.ingress`` and below, which know no Ray."""

    def __init__(self, settings: AppSettings) -> None:
        self._services = make_services(settings, make_batcher)

    def __serve_build_asgi_app__(self) -> Starlette:
        """The application; Ray Serve asks for it once, after the constructor."""
        return make_app(self._services)


def build(args: AppSettings) -> Application:
    """The application from its settings. Raises UsageError when there is no token and none can be stored."""
    settings, _ = args.with_token()
    deployment: Any = Cloud  # the decorators have made it one
    return deployment.bind(settings)
