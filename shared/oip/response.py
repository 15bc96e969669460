"""Serialisation of inference responses."""

from __future__ import annotations

from typing import Any

from evosplit.shared.oip.json_header import ResponseHead, join_body, parse_head, read_tensors, write_tensors
from evosplit.shared.oip.messages import InferRequest, InferResponse


def parse_response(body: bytes | memoryview, header_length: int | None) -> InferResponse:
    """A response from its body; ``header_length`` is None where all of it is JSON. Raises InputError."""
    head, raw = parse_head(ResponseHead, memoryview(body), header_length)
    return InferResponse(
        model_name=head.model_name,
        outputs=read_tensors(head.outputs, raw),
        model_version=head.model_version,
        id=head.id,
        parameters=head.parameters,
    )


def build_response(response: InferResponse, request: InferRequest) -> tuple[bytes, int | None]:
    """The body as ``request`` asked for it, and the `HEADER_LENGTH`: None where nothing is raw."""
    outputs, raw = write_tensors((item, request.wants_binary(item.name)) for item in response.outputs)
    head: dict[str, Any] = {"model_name": response.model_name, "model_version": response.model_version}
    if response.id:
        head["id"] = response.id
    if response.parameters:
        head["parameters"] = dict(response.parameters)
    body, length = join_body(head | {"outputs": outputs}, raw)
    return body, length if raw else None
