"""Messages of the Open Inference Protocol as values: requests, responses, tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.oip.datatypes import datatype_of

Scalar: TypeAlias = bool | int | float | str
"""What a parameter may be."""

HEADER_LENGTH: Final = "Inference-Header-Content-Length"
"""The HTTP header that says where the JSON ends and the raw tensors begin."""

BINARY_TYPE: Final = "application/octet-stream"
"""The content type of a body with raw tensors in it."""

MODEL_VERSION: Final = "1"
"""The version of a model that has no others."""

STALE_MODEL: Final = "stale_model"
"""Response parameter, true where a frame was of another content of the model than is planned for now."""

CLIENT_HEADER: Final = "Evosplit-Client"
"""The HTTP header by which a client is always among the same share of all: any text that stays its own."""

FRAME_INPUT: Final = "evosplit_frame"
"""The one input of a request that carries an encoded frame instead of the model's inputs."""

PICTURE_INPUT: Final = "evosplit_picture"
"""The one input of a request that carries a picture file, of any kind of `evosplit.shared.pictures`."""

SIZED_PICTURE_INPUT: Final = "evosplit_sized_picture"
"""The same for a file that has the network's size already, PPM too: see `evosplit.shared.picture_codes`."""


@dataclass(frozen=True, eq=False)
class InferTensor:
    """A named array. ``data`` has the NumPy dtype of ``datatype`` and exactly ``shape``.

    BYTES tensors hold ``bytes`` in an object array.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: NDArray[Any]
    parameters: Mapping[str, Scalar] = field(default_factory=dict)


def tensor(name: str, data: NDArray[Any]) -> InferTensor:
    """An array as a tensor, its datatype taken from the dtype; texts as the bytes of their UTF-8.

    Raises InputError if OIP has no such type.
    """
    held = _bytes(data) if data.dtype == object else data
    return InferTensor(name, datatype_of(data.dtype), data.shape, held)


def _bytes(texts: NDArray[Any]) -> NDArray[Any]:
    written = np.empty(texts.size, object)
    for index, text in enumerate(texts.reshape(-1).tolist()):
        written[index] = text if isinstance(text, bytes) else str(text).encode()
    return written.reshape(texts.shape)


def blob_tensor(name: str, content: bytes | memoryview) -> InferTensor:
    """Bytes as a UINT8 tensor of shape [nbytes]: an encoded frame or a picture file; not copied."""
    return tensor(name, np.frombuffer(content, np.uint8))


@dataclass(frozen=True)
class RequestedOutput:
    """An output that the client names. ``classification`` > 0 asks for that many best classes instead."""

    name: str
    binary: bool | None = None
    classification: int = 0


@dataclass(frozen=True, eq=False)
class InferRequest:
    """What a client asks. Without ``outputs`` it gets all, as raw bytes if ``binary_default``."""

    inputs: tuple[InferTensor, ...]
    outputs: tuple[RequestedOutput, ...] = ()
    id: str = ""
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    binary_default: bool = False

    def wants_binary(self, name: str) -> bool:
        """Whether an output goes out as raw bytes; the output's own word beats the request's."""
        named = {output.name: output.binary for output in self.outputs}
        choice = named.get(name)
        return self.binary_default if choice is None else choice


@dataclass(frozen=True, eq=False)
class InferResponse:
    """What the model answers; ``id`` is the request's."""

    model_name: str
    outputs: tuple[InferTensor, ...]
    model_version: str = MODEL_VERSION
    id: str = ""
    parameters: Mapping[str, Scalar] = field(default_factory=dict)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The outputs by name."""
        return {output.name: output.data for output in self.outputs}

    def native(self) -> dict[str, NDArray[Any]]:
        """The outputs by name as a network itself hands them out: BYTES are texts."""
        return {
            output.name: _texts(output.data) if output.datatype == "BYTES" else output.data
            for output in self.outputs
        }


def _texts(content: NDArray[Any]) -> NDArray[Any]:
    read = np.empty(content.size, object)
    read[:] = [item.decode("utf-8", "replace") for item in content.reshape(-1).tolist()]
    return read.reshape(content.shape)
