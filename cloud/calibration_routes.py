"""HTTP routes of calibration: inputs that devices send, weights for devices that keep their inputs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from evosplit.cloud.request_body import read_body
from evosplit.cloud.services import requested_model, services_of
from evosplit.cloud.worker_threads import in_thread
from evosplit.shared.errors import InputError
from evosplit.shared.oip import BINARY_TYPE, HEADER_LENGTH, header_length


async def put_input(request: Request) -> Response:
    """Keep one input of a set; the body is that of an inference request."""
    services, settings = services_of(request), services_of(request).settings
    model = await requested_model(request)
    name, index = request.path_params["name"], request.path_params["index"]
    if not (index.isascii() and index.isdigit() and len(index) < 10):
        raise InputError(f"a calibration input is numbered, not {index[:64]!r}")
    body = await read_body(request, settings.max_body_bytes, settings.body_timeout_s)
    length = header_length(request.headers.get(HEADER_LENGTH))
    await in_thread(
        services.pool,
        lambda: services.plans.calibrations.put(model, name, int(index), body, length),
        settings.infer_timeout_s,
    )
    return JSONResponse({"name": name, "input": int(index)})


async def get_set(request: Request) -> Response:
    """Which inputs of a set are here."""
    services = services_of(request)
    model, name = await requested_model(request), request.path_params["name"]
    work = services.pool, lambda: services.plans.calibrations.indices(model, name)
    return JSONResponse({"name": name, "inputs": await in_thread(*work, services.settings.infer_timeout_s)})


async def get_weights(request: Request) -> Response:
    """The ONNX file of a model, whole."""
    return FileResponse((await requested_model(request)).path, media_type=BINARY_TYPE)
