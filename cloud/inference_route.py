"""HTTP route of inference (``POST .../infer``), which hands bytes to the data plane and back."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response

from evosplit.cloud.dataplane import Call
from evosplit.cloud.request_body import read_body
from evosplit.cloud.services import in_thread, model_name, services_of
from evosplit.shared.content_coding import compress
from evosplit.shared.oip import BINARY_TYPE, HEADER_LENGTH, header_length


async def infer(request: Request) -> Response:
    """Whole model or tail; the event loop only moves bytes."""
    services, settings = services_of(request), services_of(request).settings
    name, accepted = model_name(request), request.headers.get("accept-encoding")
    services.registry.get(name)  # an unknown model is refused before the body is read
    body = await read_body(request, settings.max_body_bytes, settings.body_timeout_s)
    call = Call(body, header_length(request.headers.get(HEADER_LENGTH)), received_s=time.perf_counter())

    def work() -> tuple[tuple[bytes, str | None], int | None]:
        answer, answer_length = services.plane.answer(name, call)
        return compress(answer, accepted), answer_length

    (answer, coding), length = await in_thread(services.infer_pool, work, settings.infer_timeout_s)
    headers = {} if length is None else {HEADER_LENGTH: str(length)}
    headers |= {} if coding is None else {"Content-Encoding": coding}
    return Response(answer, media_type=BINARY_TYPE if length else "application/json", headers=headers)
