"""ONNX files into graphs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import checker, external_data_helper

from shared.errors import InputError, ModelError
from shared.graph.build import graph_from_model
from shared.graph.passes import normalise
from shared.graph.types import Graph

OLDEST_OPSET: Final = 7
NEWEST_OPSET: Final = 23


def load_graph(path: Path, name: str | None = None) -> Graph:
    """Read an ONNX file of opset 7 to 23, with its external data, and bring it into normal form.

    ``name`` is the file's stem unless given. ``sha256`` is the file's digest, continued over its external
    data files in the order of their names. Float16 and bfloat16 become float32. Raises ModelError with one
    line that begins with the path.
    """
    try:
        content = path.read_bytes()
        model = _parse(content)
        sha256 = _digest(content, _load_external(model, path.parent))
        return graph_from_model(normalise(model), name or path.stem, sha256)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ModelError(f"{path}: it holds names that are not UTF-8") from None
    except (ModelError, InputError) as error:
        raise ModelError(f"{path}: {error}") from None


def _parse(content: bytes) -> onnx.ModelProto:
    if not content:
        raise ModelError("the file is empty")
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        raise ModelError("not an ONNX file") from None
    if not model.graph.node:
        raise ModelError("not an ONNX file, or one without any node")
    _check_opset(model)
    return model


def _check_opset(model: onnx.ModelProto) -> None:
    versions = [opset.version for opset in model.opset_import if opset.domain in ("", "ai.onnx")]
    if not versions:
        raise ModelError("the file does not say which opset it uses")
    if not OLDEST_OPSET <= versions[0] <= NEWEST_OPSET:
        raise ModelError(f"opset {versions[0]} is not supported; {OLDEST_OPSET} to {NEWEST_OPSET} are")


def _load_external(model: onnx.ModelProto, folder: Path) -> list[Path]:
    """Fetch external data into the model; the files it came from."""
    locations = {
        entry.value
        for tensor in model.graph.initializer
        if external_data_helper.uses_external_data(tensor)
        for entry in tensor.external_data
        if entry.key == "location"
    }
    try:
        external_data_helper.load_external_data_for_model(model, str(folder))
    except (checker.ValidationError, ValueError, RuntimeError) as error:
        raise ModelError(f"its external data cannot be read: {str(error).splitlines()[0]}") from None
    return [folder / location for location in sorted(locations)]


def _digest(content: bytes, external: list[Path]) -> str:
    digest = hashlib.sha256(content)
    for path in external:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()
