"""gRPC service of the Open Inference Protocol beside REST, served by Ray Serve.

Ray Serve calls the methods of `GrpcMethods` in a replica, with the message and gRPC's context. Whatever they
do is done by the same services as for HTTP, with the same tokens (metadata ``authorization``).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any, Final

import grpc

from evosplit.cloud.authentication import Access
from evosplit.cloud.catalogue_routes import NAME
from evosplit.cloud.dataplane import Call
from evosplit.cloud.front.haproxy_config import PEER_HEADER
from evosplit.cloud.grpc_messages import SERVICE, message_class
from evosplit.cloud.grpc_tensors import request_of, response_of
from evosplit.cloud.services import Services
from evosplit.cloud.worker_threads import in_thread
from evosplit.shared import oip
from evosplit.shared.errors import AuthError, EvoSplitError, ForbiddenError, RateLimitError
from evosplit.shared.security.scopes import Scope
from evosplit.shared.tracing.spans import Mark
from evosplit.shared.tracing.trace_context import TRACEPARENT

METHODS: Final = ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer")
SERVICER: Final = "evosplit.cloud.grpc_service.add_servicer"
"""What Ray Serve is told to have the service added by."""
_CODES: Final[Mapping[int, grpc.StatusCode]] = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ABORTED,
    410: grpc.StatusCode.FAILED_PRECONDITION,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    415: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.FAILED_PRECONDITION,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


def add_servicer(servicer: Any, server: Any) -> None:  # noqa: ANN401 - grpc has no types
    """Add the service to a gRPC server; ``servicer`` has a method of each name in `METHODS`."""
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            getattr(servicer, name),
            request_deserializer=message_class(f"{name}Request").FromString,
            response_serializer=message_class(f"{name}Response").SerializeToString,
        )
        for name in METHODS
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))


class GrpcMethods:
    """The methods of the service, over the services of a replica; for one event loop."""

    def __init__(self, services: Services, access: Access) -> None:
        self._services = services
        self._verifier = access.verifier
        self._audit = access.audit

    async def call(self, name: str, message: Any, context: Any) -> Any:  # noqa: ANN401
        """The answer to a message of the method ``name``. Errors go into the context, and rise."""
        methods: Mapping[str, Callable[[Any, Any], Awaitable[Any]]] = {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
            "ModelInfer": self._infer,
        }
        try:
            return await methods[name](message, context)
        except EvoSplitError as problem:
            if isinstance(problem, (AuthError, ForbiddenError, RateLimitError)):
                peer = _metadata(context).get(PEER_HEADER, context.peer())
                self._audit.write(problem.holder, f"{SERVICE}/{name}", problem.http_status, peer)
            context.set_code(_CODES.get(problem.http_status, grpc.StatusCode.INTERNAL))
            context.set_details(str(problem))
            raise

    async def _live(self, _message: Any, _context: Any) -> Any:  # noqa: ANN401
        return message_class("ServerLiveResponse")(live=True)

    async def _ready(self, _message: Any, _context: Any) -> Any:  # noqa: ANN401
        return message_class("ServerReadyResponse")(ready=True)

    async def _model_ready(self, message: Any, context: Any) -> Any:  # noqa: ANN401
        self._check(context)
        try:
            self._services.registry.entry(message.name, message.version or None)
        except EvoSplitError:
            return message_class("ModelReadyResponse")(ready=False)
        return message_class("ModelReadyResponse")(ready=True)

    async def _server_metadata(self, _message: Any, context: Any) -> Any:  # noqa: ANN401
        self._check(context)
        return message_class("ServerMetadataResponse")(**oip.server_metadata(NAME, version("evosplit")))

    async def _model_metadata(self, message: Any, context: Any) -> Any:  # noqa: ANN401
        self._check(context)
        registry = self._services.registry
        entry = registry.entry(message.name, message.version or None, _client_key(context))
        model = await in_thread(
            self._services.pool, lambda: registry.loaded.get(entry), self._services.settings.infer_timeout_s
        )
        described = oip.model_metadata(model.graph, tuple(registry.catalogue.versions(message.name)))
        return message_class("ModelMetadataResponse")(**described)

    async def _infer(self, message: Any, context: Any) -> Any:  # noqa: ANN401
        received_s = time.perf_counter()
        self._check(context, "infer")
        traces = self._services.traces
        if traces is None:
            return await self._inferred(message, context, received_s, None)
        with traces.request(message.model_name, _metadata(context).get(TRACEPARENT)) as marks:
            return await self._inferred(message, context, received_s, marks)

    async def _inferred(self, message: Any, context: Any, received_s: float, marks: list[Mark] | None) -> Any:  # noqa: ANN401
        name, version, client = message.model_name, message.model_version or None, _client_key(context)
        self._services.registry.entry(name, version, client)
        body, length = oip.build_request(request_of(message))
        left_s = oip.time_left_s(_metadata(context).get(oip.TIME_LEFT.lower()))
        call = Call(body, length, received_s, version, client, marks)
        with self._services.canary.watching(name, call):
            answer = await self._services.inference.answer(name, call, left_s)
        return response_of(oip.parse_response(*answer))

    def _check(self, context: Any, *scopes: Scope) -> None:  # noqa: ANN401
        holder = self._verifier.holder(_metadata(context).get("authorization"))
        if scopes:
            holder.check(scopes)


def _client_key(context: Any) -> str:  # noqa: ANN401
    said = _metadata(context)
    return (
        said.get(oip.CLIENT_HEADER.lower())
        or f"{said.get('authorization', '')}@{said.get(PEER_HEADER, context.peer())}"
    )


def _metadata(context: Any) -> dict[str, str]:  # noqa: ANN401
    return {key.lower(): value for key, value in context.invocation_metadata()}
