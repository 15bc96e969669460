"""Serialisation of inference requests."""

from __future__ import annotations

from typing import Any

from evosplit.shared.errors import InputError
from evosplit.shared.oip.json_header import (
    OutputHead,
    RequestHead,
    join_body,
    parse_head,
    read_tensors,
    write_tensors,
)
from evosplit.shared.oip.messages import InferRequest, RequestedOutput


def parse_request(body: bytes | memoryview, header_length: int | None) -> InferRequest:
    """A request from its body; ``header_length`` is None where all of it is JSON.

    Tensors given as raw bytes are read-only views of ``body`` where its alignment allows. Raises InputError.
    """
    head, raw = parse_head(RequestHead, memoryview(body), header_length)
    if not head.inputs:
        raise InputError("the request has no inputs")
    return InferRequest(
        inputs=read_tensors(head.inputs, raw),
        outputs=tuple(_requested(output) for output in head.outputs),
        id=head.id,
        parameters=head.parameters,
        binary_default=head.parameters.get("binary_data_output") is True,
    )


def _requested(head: OutputHead) -> RequestedOutput:
    binary = head.parameters.get("binary_data")
    classes = head.parameters.get("classification", 0)
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 0:
        raise InputError(f"output {head.name}: classification is not a number of classes")
    return RequestedOutput(head.name, binary if isinstance(binary, bool) else None, classes)


def build_request(request: InferRequest) -> tuple[bytes, int]:
    """The body of a request, all tensors raw, and the value of its `HEADER_LENGTH`."""
    inputs, raw = write_tensors((item, True) for item in request.inputs)
    head: dict[str, Any] = {"inputs": inputs}
    if request.id:
        head["id"] = request.id
    if request.outputs:
        head["outputs"] = [_output_head(output) for output in request.outputs]
    parameters = dict(request.parameters)
    if request.binary_default:
        parameters["binary_data_output"] = True
    return join_body(head | ({"parameters": parameters} if parameters else {}), raw)


def _output_head(output: RequestedOutput) -> dict[str, Any]:
    parameters: dict[str, bool | int] = {}
    if output.binary is not None:
        parameters["binary_data"] = output.binary
    if output.classification:
        parameters["classification"] = output.classification
    return {"name": output.name} | ({"parameters": parameters} if parameters else {})
