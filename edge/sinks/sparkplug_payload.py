"""Sparkplug B payloads as protobuf: metrics with name, type and value (Eclipse Sparkplug 3.0, chapter 6).

Names and numbers are those of the specification. The class stands in a pool of its own, so that a process may
also hold that of another library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from google.protobuf import (  # type: ignore[import-untyped]
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
)

from evosplit.shared.errors import InputError

Value: TypeAlias = "bool | int | float | str"

_PACKAGE: Final = "org.eclipse.tahu.protobuf"
_FIELD = descriptor_pb2.FieldDescriptorProto
_PAYLOAD: Final = {"timestamp": (1, _FIELD.TYPE_UINT64), "seq": (3, _FIELD.TYPE_UINT64)}
_METRICS: Final = 2
_METRIC: Final = {
    "name": (1, _FIELD.TYPE_STRING),
    "timestamp": (3, _FIELD.TYPE_UINT64),
    "datatype": (4, _FIELD.TYPE_UINT32),
    "is_historical": (5, _FIELD.TYPE_BOOL),
    "is_null": (7, _FIELD.TYPE_BOOL),
    "long_value": (11, _FIELD.TYPE_UINT64),
    "double_value": (13, _FIELD.TYPE_DOUBLE),
    "boolean_value": (14, _FIELD.TYPE_BOOL),
    "string_value": (15, _FIELD.TYPE_STRING),
}
_TYPES: Final[Mapping[type, tuple[int, str]]] = {
    bool: (11, "boolean_value"),
    int: (4, "long_value"),  # Int64
    float: (10, "double_value"),
    str: (12, "string_value"),
}
"""Of each kind of value the number of its type, and the field that has it."""
_WRAP: Final = 2**64


def _payload_class() -> Any:  # noqa: ANN401 - protobuf has no types
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package=_PACKAGE, syntax="proto2")
    payload = file.message_type.add(name="Payload")
    metric = payload.nested_type.add(name="Metric")
    for place, fields in ((payload, _PAYLOAD), (metric, _METRIC)):
        for name, (number, kind) in fields.items():
            place.field.add(name=name, number=number, type=kind, label=_FIELD.LABEL_OPTIONAL)
    kind, of = _FIELD.TYPE_MESSAGE, f".{_PACKAGE}.Payload.Metric"
    payload.field.add(name="metrics", number=_METRICS, type=kind, type_name=of, label=_FIELD.LABEL_REPEATED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


_Payload = _payload_class()


def encoded(
    metrics: Mapping[str, Value | None],
    timestamp_ms: int,
    seq: int | None = None,
    is_historical: bool = False,
    kinds: Mapping[str, type] = MappingProxyType({}),
) -> bytes:
    """A payload; None is a value that is not known, of the type in ``kinds``, else a text.

    Types are those of the values where ``kinds`` has none: a metric has to keep the one of its birth.
    Without ``seq`` the payload has no number, as a death has none.
    """
    payload = _Payload(timestamp=timestamp_ms, **({} if seq is None else {"seq": seq}))
    common = {"timestamp": timestamp_ms, **({"is_historical": True} if is_historical else {})}
    for name, value in metrics.items():
        kind = kinds.get(name, str if value is None else type(value))
        number, place = _TYPES[kind]
        coded = int(value) % _WRAP if kind is int and value is not None else value
        known = {"is_null": True} if coded is None else {place: coded if kind is int else kind(coded)}
        payload.metrics.add(name=name, datatype=number, **common, **known)
    content: bytes = payload.SerializeToString()
    return content


@dataclass(frozen=True)
class Read:
    """A payload of somebody; ``kinds`` are the numbers of the metrics' types."""

    metrics: Mapping[str, Value | None]
    kinds: Mapping[str, int]
    seq: int | None
    is_historical: bool


def read_metrics(content: bytes) -> Read:
    """What is in a payload; of metrics, those of the types that are written here. Raises InputError."""
    try:
        payload = _Payload.FromString(content)
    except message.DecodeError:
        raise InputError("not a payload of Sparkplug B") from None
    seq = payload.seq if payload.HasField("seq") else None
    is_historical = any(metric.is_historical for metric in payload.metrics)
    metrics = {metric.name: _value(metric) for metric in payload.metrics}
    kinds = {metric.name: metric.datatype for metric in payload.metrics}
    return Read(metrics, kinds, seq, is_historical)


def true_metrics(content: bytes) -> frozenset[str]:
    """Names of the metrics that are true; none of a payload that cannot be read."""
    try:
        metrics = read_metrics(content).metrics
    except InputError:
        return frozenset()
    return frozenset(name for name, value in metrics.items() if value is True)


def _value(metric: Any) -> Value | None:  # noqa: ANN401 - protobuf has no types
    for kind, (number, place) in _TYPES.items():
        if metric.datatype == number and metric.HasField(place):
            value = kind(getattr(metric, place))
            return value - _WRAP if kind is int and value >= _WRAP // 2 else value  # type: ignore[no-any-return]
    return None
