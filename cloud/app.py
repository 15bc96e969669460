"""Ray Serve application: one deployment, whose replicas hold the data plane and answer HTTP themselves.

``serve run cloud/serve_config.yaml`` starts it from a file; ``evosplit cloud`` starts it on this machine.
"""

import gc
from typing import Any, Final

from ray import serve
from ray.serve import Application

from evosplit.cloud.admission import MAX_ONGOING_REQUESTS
from evosplit.cloud.app_settings import AppSettings
from evosplit.cloud.assemble import make_services
from evosplit.cloud.direct_route import GuardedApp
from evosplit.cloud.grpc_service import GrpcMethods
from evosplit.cloud.ingress import access_of, make_app

RAY_MAX_ONGOING_REQUESTS: Final = 2 * MAX_ONGOING_REQUESTS
"""Twice what `evosplit.cloud.admission` admits: its 503 comes first, and Ray's own only in a flood."""

DRAIN_LOOK_S: Final = 0.2
"""How often a replica that ends looks whether all is answered."""

TARGET_ONGOING_REQUESTS: Final = 8
"""As many for each replica: two batches under way, and some that wait."""


@serve.deployment(
    max_ongoing_requests=RAY_MAX_ONGOING_REQUESTS,
)
@serve.ingress()
class Cloud:
    """A replica. All that it does is in ``evosplit.cloud.ingress`` and below, which know no Ray."""

    def __init__(self, settings: AppSettings) -> None:
        self._services = make_services(settings)
        self._access = access_of(settings)
        self._grpc = GrpcMethods(self._services, self._access)
        gc.collect()
        gc.freeze()  # models and modules stay: collections need not look at half a million objects again

    def __serve_build_asgi_app__(self) -> GuardedApp:
        """The application; Ray Serve asks for it once, after the constructor."""
        return make_app(self._services, self._access)

    async def ServerLive(self, message: Any, grpc_context: Any) -> Any:  # noqa: ANN401, N802
        """gRPC: alive."""
        return await self._grpc.call("ServerLive", message, grpc_context)

    async def ServerReady(self, message: Any, grpc_context: Any) -> Any:  # noqa: ANN401, N802
        """gRPC: ready."""
        return await self._grpc.call("ServerReady", message, grpc_context)

    async def ModelReady(self, message: Any, grpc_context: Any) -> Any:  # noqa: ANN401, N802
        """gRPC: whether a model can be served."""
        return await self._grpc.call("ModelReady", message, grpc_context)

    async def ServerMetadata(self, message: Any, grpc_context: Any) -> Any:  # noqa: ANN401, N802
        """gRPC: name, version, extensions."""
        return await self._grpc.call("ServerMetadata", message, grpc_context)

    async def ModelMetadata(self, message: Any, grpc_context: Any) -> Any:  # noqa: ANN401, N802
        """gRPC: inputs and outputs of a model."""
        return await self._grpc.call("ModelMetadata", message, grpc_context)

    async def ModelInfer(self, message: Any, grpc_context: Any) -> Any:  # noqa: ANN401, N802
        """gRPC: inference."""
        return await self._grpc.call("ModelInfer", message, grpc_context)


def build(args: AppSettings) -> Application:
    """The application from its settings. Raises UsageError when there is no token and none can be stored."""
    settings, _ = args.with_token()
    deployment: Any = Cloud  # the decorators have made it one
    actor = {"num_cpus": 1, "num_gpus": settings.num_gpus}
    ending = {"graceful_shutdown_timeout_s": settings.drain_s, "graceful_shutdown_wait_loop_s": DRAIN_LOOK_S}
    return deployment.options(ray_actor_options=actor, **ending, **scaling(settings)).bind(settings)


def scaling(settings: AppSettings) -> dict[str, Any]:
    """How many replicas: a number, or what Ray Serve chooses between by the length of the queue."""
    per_node = settings.replicas_per_node
    spread = {} if per_node is None else {"max_replicas_per_node": per_node}
    if settings.max_replicas <= settings.min_replicas:
        return {"num_replicas": settings.min_replicas, **spread}
    between = {
        "min_replicas": settings.min_replicas,
        "max_replicas": settings.max_replicas,
        "upscale_delay_s": settings.upscale_delay_s,
        "downscale_delay_s": settings.downscale_delay_s,
    }
    return {"autoscaling_config": {**between, "target_ongoing_requests": TARGET_ONGOING_REQUESTS}, **spread}
