"""JSON header of a body, checked field by field, and the split from the binary part."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field

from evosplit.shared.errors import InputError
from evosplit.shared.oip.binary_data import from_raw, split_raw, to_raw
from evosplit.shared.oip.json_data import from_plain, to_plain
from evosplit.shared.oip.messages import MODEL_VERSION, InferTensor, Scalar
from evosplit.shared.serial import from_json

T = TypeVar("T")
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_Length = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class TensorHead:
    """One tensor as JSON: either ``data`` or the parameter ``binary_data_size`` is there."""

    name: str
    datatype: str
    shape: tuple[_Length, ...]
    parameters: dict[str, Scalar] = field(default_factory=dict)
    data: Any = None


@dataclass(frozen=True)
class OutputHead:
    """One requested output as JSON."""

    name: str
    parameters: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True)
class RequestHead:
    """An inference request as JSON."""

    inputs: tuple[TensorHead, ...]
    outputs: tuple[OutputHead, ...] = ()
    id: str = ""
    parameters: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True)
class ResponseHead:
    """An inference response as JSON."""

    model_name: str
    outputs: tuple[TensorHead, ...]
    model_version: str = MODEL_VERSION
    id: str = ""
    parameters: dict[str, Scalar] = field(default_factory=dict)


def parse_head(kind: type[T], body: memoryview, header_length: int | None) -> tuple[T, memoryview]:
    """The checked JSON part, and the raw part. Raises InputError."""
    length = len(body) if header_length is None else header_length
    if not 0 < length <= len(body):
        raise InputError(f"the JSON part is said to be {length} bytes, the body has {len(body)}")
    return from_json(kind, bytes(body[:length]), InputError), body[length:]


def read_tensors(heads: tuple[TensorHead, ...], raw: memoryview) -> tuple[InferTensor, ...]:
    """Every tensor with its data, from the JSON or from the raw part. Raises InputError."""
    names = [head.name for head in heads]
    if len(set(names)) != len(names):
        raise InputError("a tensor is given twice")
    sizes = [_raw_size(head) for head in heads]
    sections = split_raw(raw, tuple([size or 0 for size in sizes]))
    return tuple([_read(*each) for each in zip(heads, sizes, sections, strict=True)])


def _raw_size(head: TensorHead) -> int | None:
    size = head.parameters.get("binary_data_size")
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
        raise InputError(f"tensor {head.name}: binary_data_size is not a number of bytes")
    return size


def _read(head: TensorHead, size: int | None, section: memoryview) -> InferTensor:
    is_raw = size is not None
    if is_raw == (head.data is not None):
        raise InputError(f"tensor {head.name} needs either data or binary_data_size")
    source: Any = section if is_raw else head.data
    data = (from_raw if is_raw else from_plain)(head.name, head.datatype, head.shape, source)
    return InferTensor(head.name, head.datatype, head.shape, data, head.parameters)


def write_tensors(
    tensors: Iterable[tuple[InferTensor, bool]],
) -> tuple[list[dict[str, Any]], list[bytes | memoryview]]:
    """The JSON of each tensor, and the raw bytes of those that are flagged binary."""
    heads: list[dict[str, Any]] = []
    raw: list[bytes | memoryview] = []
    for item, binary in tensors:
        head: dict[str, Any] = {"name": item.name, "datatype": item.datatype, "shape": list(item.shape)}
        parameters = {key: value for key, value in item.parameters.items() if key != "binary_data_size"}
        if binary:
            raw.append(to_raw(item.datatype, item.data))
            parameters["binary_data_size"] = len(raw[-1])
        else:
            head["data"] = to_plain(item.datatype, item.data)
        heads.append(head | ({"parameters": parameters} if parameters else {}))
    return heads, raw


def join_body(head: dict[str, Any], raw: list[bytes | memoryview]) -> tuple[bytes, int]:
    """One body and the length of its JSON part, padded so that the raw part starts at a multiple of 8."""
    text = _ENCODER.encode(head).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((text, *raw)), len(text)
