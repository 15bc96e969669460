"""Calls to edge agents and cloud tiers as values, and what their answers mean. No sockets here."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from evosplit.library.client.answers import (
    FrameReport,
    InferReport,
    Page,
    ServedPlans,
    infer_report,
)
from evosplit.library.client.service_errors import ServiceError, WaitingError
from evosplit.library.client.transport import Call, Reply
from evosplit.shared import oip
from evosplit.shared.errors import InputError
from evosplit.shared.result import AnsweredBy, Result
from evosplit.shared.serial import from_data

_PLAN_S: Final = 1200.0
"""Longest that a cloud tier takes to plan, and a little more."""

Picture: TypeAlias = bytes | Path | str | NDArray[np.uint8]
"""A file's content, its path, or pixels ``(H, W, 3)`` or ``(H, W)`` uint8, RGB or grey."""


def frame_call(
    picture: Picture, frame_id: str | None, stream: str | None, strategy: str, wait: str = "now"
) -> Call:
    """A frame for an agent; its id is made here, so that it may be sent again and is worked on once."""
    headers = {"X-Evosplit-Frame-Id": frame_id or uuid.uuid4().hex}
    params = {"strategy": strategy, "wait": wait, **({} if stream is None else {"stream": stream})}
    return Call("POST", "/v1/frames", params, headers, picture_bytes(picture))


def result_call(frame_id: str) -> Call:
    """One result of an agent."""
    return Call("GET", f"/v1/results/{quote(frame_id, safe='')}")


def page_call(filters: Mapping[str, str | float | None], limit: int, cursor: str | None) -> Call:
    """A page of an agent's results; filters that are None do not count."""
    named = {name: str(value) for name, value in filters.items() if value is not None}
    more = {} if cursor is None else {"cursor": cursor}
    return Call("GET", "/v1/results", {**named, "limit": str(limit), **more})


def result_filters(
    stream: str | None,
    answered_by: AnsweredBy | None,
    since: float | str | None,
    until: float | str | None,
    order: str,
) -> dict[str, str | float | None]:
    """What `GET /v1/results` is asked; None where a filter does not count."""
    return {"stream": stream, "answered_by": answered_by, "since": since, "until": until, "order": order}


def source_call(name: str, settings: Mapping[str, Any] | None) -> Call:
    """Put a frame source's settings, or remove it (None)."""
    path = f"/v1/sources/{quote(name, safe='')}"
    if settings is None:
        return Call("DELETE", path, is_repeatable=False)
    return Call("PUT", path, body=json.dumps(dict(settings)).encode())


def infer_call(model: str, tensors: Mapping[str, NDArray[Any]], is_repeatable: bool) -> Call:
    """Tensors in, tensors out (Open Inference Protocol v2). Raises InputError for a dtype that it lacks."""
    inputs = tuple(oip.tensor(name, np.asarray(array)) for name, array in tensors.items())
    return _infer(model, inputs, is_repeatable)


def finish_call(model: str, name: str, content: bytes) -> Call:
    """Bytes that a cloud tier finishes: an encoded frame or a picture. Nothing of it is kept there."""
    return _infer(model, (oip.blob_tensor(name, content),), True)


def plans_call(model: str, request: Mapping[str, Any]) -> Call:
    """Plans for a device; the same question again is answered from what is kept, so it may be repeated."""
    headers, body = {"Content-Type": "application/json"}, json.dumps(request).encode()
    path = f"/v1/models/{quote(model, safe='')}/plans"
    return Call("POST", path, {}, headers, body, timeout_s=_PLAN_S)


def read_plans(reply: Reply) -> ServedPlans:
    """The table in an answer. Raises ServiceError where there is none."""
    return from_data(ServedPlans, reply.json(), _NoAnswerError)


def read_frame(reply: Reply) -> FrameReport:
    """The result in an answer. Raises WaitingError for a frame that waits, ServiceError for no result."""
    data = reply.json()
    if data.get("status") == "waiting":
        raise WaitingError(f"frame {data.get('frame_id')} waits for the cloud")
    return FrameReport(from_data(Result, data, _NoAnswerError))


def read_page(reply: Reply) -> Page:
    """A page of results. Raises ServiceError."""
    data = reply.json()
    results = tuple(FrameReport(from_data(Result, item, _NoAnswerError)) for item in data.get("results", ()))
    return Page(results, data.get("next_cursor"))


def read_outputs(reply: Reply) -> InferReport:
    """The outputs in an answer. Raises InputError where it lies about them."""
    length = reply.headers.get(oip.HEADER_LENGTH)
    return infer_report(oip.parse_response(reply.body, None if length is None else int(length)))


def picture_bytes(picture: Picture) -> bytes:
    """The content of a picture file; pixels become a PNG. Raises InputError, and OSError for a path."""
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, Path | str):
        return Path(picture).read_bytes()
    return _png(picture)


class _NoAnswerError(ServiceError):
    def __init__(self, message: str) -> None:
        super().__init__(message, 200)


def _infer(model: str, inputs: tuple[oip.InferTensor, ...], is_repeatable: bool) -> Call:
    body, length = oip.build_request(oip.InferRequest(inputs, binary_default=True))
    headers = {"Content-Type": oip.BINARY_TYPE if length else "application/json"}
    headers |= {oip.HEADER_LENGTH: str(length)} if length else {}
    path = f"/v2/models/{quote(model, safe='')}/infer"
    return Call("POST", path, {}, headers, body, is_repeatable)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image  # a part of the extras that have pictures

    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise InputError(f"pixels are (H, W, 3) or (H, W) uint8, not {pixels.shape} {pixels.dtype}")
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", compress_level=1)
    return content.getvalue()
