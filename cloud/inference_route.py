"""HTTP route of inference (``POST .../infer``), which hands bytes to the data plane and back."""

from __future__ import annotations

import functools
import time

from starlette.requests import Request
from starlette.responses import Response

from evosplit.cloud.client_presence import is_there
from evosplit.cloud.dataplane import Call
from evosplit.cloud.request_body import read_body
from evosplit.cloud.services import client_key, model_name, model_version, services_of
from evosplit.cloud.worker_threads import in_thread
from evosplit.shared.content_coding import chosen_coding, compress
from evosplit.shared.oip import (
    BINARY_TYPE,
    HEADER_LENGTH,
    TIME_LEFT,
    header_length,
    server_timing_header,
    time_left_s,
)
from evosplit.shared.tracing.spans import Mark
from evosplit.shared.tracing.trace_context import TRACEPARENT


async def infer(request: Request) -> Response:
    """Whole model or tail; the event loop only moves bytes."""
    traces = services_of(request).traces
    if traces is None:
        return await _infer(request, None)
    with traces.request(model_name(request), request.headers.get(TRACEPARENT)) as marks:
        return await _infer(request, marks)


async def _infer(request: Request, marks: list[Mark] | None) -> Response:
    services, settings, began_s = services_of(request), services_of(request).settings, time.perf_counter()
    name, left_s = model_name(request), time_left_s(request.headers.get(TIME_LEFT))
    version, client = model_version(request), client_key(request)
    services.registry.entry(name, version, client)  # an unknown model is refused before the body is read
    body = await read_body(request, settings.max_body_bytes, settings.body_timeout_s)
    length = header_length(request.headers.get(HEADER_LENGTH))
    call = Call(body, length, time.perf_counter(), version, client, marks)
    if marks is not None:
        marks.append(Mark("receive", began_s, call.received_s))
    with services.canary.watching(name, call):
        is_wanted = functools.partial(is_there, request.receive)
        answer, length = await services.inference.answer(name, call, left_s, is_wanted)
    headers = server_timing_header(services.inference.wait_s(), time.perf_counter() - call.received_s)
    if length is not None:
        headers[HEADER_LENGTH] = str(length)
    if coding := chosen_coding(request.headers.get("accept-encoding")):
        answer = await in_thread(services.pool, lambda: compress(answer, coding), settings.infer_timeout_s)
        headers["Content-Encoding"] = coding
    return Response(answer, media_type=BINARY_TYPE if length else "application/json", headers=headers)
