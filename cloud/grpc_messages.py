"""Messages of the Open Inference Protocol's gRPC service, as protobuf classes.

Names and numbers are those of the protocol (package ``inference``,
https://github.com/kserve/open-inference-protocol). They stand in a pool of their own, so that a process may
also hold the classes of a client library.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]

PACKAGE: Final = "inference"
SERVICE: Final = f"{PACKAGE}.GRPCInferenceService"
_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES: Final = {
    "bool": _FIELD.TYPE_BOOL,
    "string": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
    "uint32": _FIELD.TYPE_UINT32,
    "uint64": _FIELD.TYPE_UINT64,
    "float": _FIELD.TYPE_FLOAT,
    "double": _FIELD.TYPE_DOUBLE,
}
_MESSAGES: Final = {
    "ServerLiveRequest": "",
    "ServerLiveResponse": "bool live = 1",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "bool ready = 1",
    "ModelReadyRequest": "string name = 1; string version = 2",
    "ModelReadyResponse": "bool ready = 1",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "string name = 1; string version = 2; repeated string extensions = 3",
    "ModelMetadataRequest": "string name = 1; string version = 2",
    "ModelMetadataResponse": "string name = 1; repeated string versions = 2; string platform = 3;"
    " repeated ModelMetadataResponse.TensorMetadata inputs = 4;"
    " repeated ModelMetadataResponse.TensorMetadata outputs = 5",
    "ModelMetadataResponse.TensorMetadata": "string name = 1; string datatype = 2; repeated int64 shape = 3",
    "InferParameter": "bool bool_param = 1; int64 int64_param = 2; string string_param = 3;"
    " double double_param = 4; uint64 uint64_param = 5",
    "InferTensorContents": "repeated bool bool_contents = 1; repeated int32 int_contents = 2;"
    " repeated int64 int64_contents = 3; repeated uint32 uint_contents = 4;"
    " repeated uint64 uint64_contents = 5; repeated float fp32_contents = 6;"
    " repeated double fp64_contents = 7; repeated bytes bytes_contents = 8",
    "ModelInferRequest": "string model_name = 1; string model_version = 2; string id = 3;"
    " map parameters = 4; repeated ModelInferRequest.InferInputTensor inputs = 5;"
    " repeated ModelInferRequest.InferRequestedOutputTensor outputs = 6;"
    " repeated bytes raw_input_contents = 7",
    "ModelInferRequest.InferInputTensor": "string name = 1; string datatype = 2; repeated int64 shape = 3;"
    " map parameters = 4; InferTensorContents contents = 5",
    "ModelInferRequest.InferRequestedOutputTensor": "string name = 1; map parameters = 2",
    "ModelInferResponse": "string model_name = 1; string model_version = 2; string id = 3;"
    " map parameters = 4; repeated ModelInferResponse.InferOutputTensor outputs = 5;"
    " repeated bytes raw_output_contents = 6",
    "ModelInferResponse.InferOutputTensor": "string name = 1; string datatype = 2; repeated int64 shape = 3;"
    " map parameters = 4; InferTensorContents contents = 5",
}
"""Fields by message; ``map`` is one of strings to InferParameter."""
_CHOICE: Final = "InferParameter"


def _file() -> Any:  # noqa: ANN401 - protobuf has no types
    made = descriptor_pb2.FileDescriptorProto(
        name="evosplit/inference.proto", package=PACKAGE, syntax="proto3"
    )
    places: dict[str, Any] = {}
    for name, fields in _MESSAGES.items():
        outer, _, inner = name.rpartition(".")
        message = (places[outer].nested_type if outer else made.message_type).add(name=inner)
        places[name] = message
        if name == _CHOICE:
            message.oneof_decl.add(name="parameter_choice")
        for text in filter(None, fields.split(";")):
            _add_field(message, name, text.split())
    return made


def _add_field(message: Any, path: str, words: Sequence[str]) -> None:  # noqa: ANN401
    label = _FIELD.LABEL_REPEATED if words[0] in ("repeated", "map") else _FIELD.LABEL_OPTIONAL
    kind, name = words[-4] if words[0] != "map" else "map", words[-3]
    added = message.field.add(name=name, number=int(words[-1]), label=label)
    if kind in _TYPES:
        added.type = _TYPES[kind]
    else:
        added.type = _FIELD.TYPE_MESSAGE
        added.type_name = f".{PACKAGE}.{path}.ParametersEntry" if kind == "map" else f".{PACKAGE}.{kind}"
    if kind == "map":
        entry = message.nested_type.add(name="ParametersEntry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=_FIELD.LABEL_OPTIONAL, type=_FIELD.TYPE_STRING)
        value = {"type": _FIELD.TYPE_MESSAGE, "type_name": f".{PACKAGE}.InferParameter"}
        entry.field.add(name="value", number=2, label=_FIELD.LABEL_OPTIONAL, **value)
    if message.name == _CHOICE:
        added.oneof_index = 0


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_file())


def message_class(name: str) -> Any:  # noqa: ANN401
    """The class of a message, by its name in the protocol."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))
