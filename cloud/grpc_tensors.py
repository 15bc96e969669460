"""Tensors of gRPC messages as those of the inference protocol's other encoding, and back.

Contents are raw bytes beside the message, as stock clients send them, or typed lists in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from evosplit.cloud.grpc_messages import message_class
from evosplit.shared import oip
from evosplit.shared.errors import InputError
from evosplit.shared.oip.binary_data import from_raw, to_raw

_RESPONSE: Final = message_class("ModelInferResponse")
_LISTS: Final[Mapping[str, str]] = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}

_PARAMETERS: Final[Mapping[type, str]] = {
    bool: "bool_param",
    int: "int64_param",
    float: "double_param",
    str: "string_param",
}


def request_of(message: Any) -> oip.InferRequest:  # noqa: ANN401 - protobuf has no types
    """The request in a ``ModelInferRequest``. Raises InputError."""
    raw = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        raise InputError(f"{len(message.inputs)} inputs, but {len(raw)} raw contents")
    contents = raw or [None] * len(message.inputs)
    inputs = tuple(_tensor(item, content) for item, content in zip(message.inputs, contents, strict=True))
    outputs = tuple(
        oip.RequestedOutput(item.name, None, _classes(item.parameters)) for item in message.outputs
    )
    return oip.InferRequest(inputs, outputs, message.id, binary_default=True)


def response_of(response: oip.InferResponse) -> Any:  # noqa: ANN401
    """The ``ModelInferResponse`` of a response, its contents raw."""
    made = _RESPONSE(model_name=response.model_name, model_version=response.model_version, id=response.id)
    for name, value in response.parameters.items():
        kind = {bool: "bool_param", int: "int64_param", float: "double_param", str: "string_param"}[
            type(value)
        ]
        setattr(made.parameters[name], kind, value)
    for item in response.outputs:
        made.outputs.add(name=item.name, datatype=item.datatype, shape=item.shape)
        made.raw_output_contents.append(bytes(to_raw(item.datatype, item.data)))
    return made


def _tensor(item: Any, raw: bytes | None) -> oip.InferTensor:  # noqa: ANN401
    shape = tuple(item.shape)
    if any(size < 0 for size in shape):
        raise InputError(f"tensor {item.name}: a size in {list(shape)} is negative")
    if raw is not None:
        return oip.InferTensor(
            item.name, item.datatype, shape, from_raw(item.name, item.datatype, shape, memoryview(raw))
        )
    values = getattr(item.contents, _LISTS.get(item.datatype, ""), None)
    if values is None:
        raise InputError(f"tensor {item.name}: {item.datatype} has no typed contents; send it raw")
    array = np.empty(len(values), oip.numpy_dtype(item.datatype))
    try:
        array[:] = list(values)
    except OverflowError:
        raise InputError(f"tensor {item.name}: a number is outside {item.datatype}") from None
    if array.size != math.prod(shape):
        raise InputError(f"tensor {item.name}: {array.size} numbers do not fill shape {list(shape)}")
    return oip.InferTensor(item.name, item.datatype, shape, array.reshape(shape))


def _classes(parameters: Mapping[str, Any]) -> int:
    return int(parameters["classification"].int64_param) if "classification" in parameters else 0
