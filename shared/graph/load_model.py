"""Loading of ONNX files as graphs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import checker, external_data_helper

from evosplit.shared.errors import InputError, ModelError
from evosplit.shared.graph.damaged_files import cut_short, lfs_pointer, lfs_pointer_file
from evosplit.shared.graph.from_model import graph_from_model
from evosplit.shared.graph.graph import Graph
from evosplit.shared.graph.passes import NO_PINS, Pins, normalise, pinned_sizes
from evosplit.shared.onnx_parts import all_graphs, all_nodes

OLDEST_OPSET: Final = 7


def load_graph(path: Path, name: str | None = None, pins: Pins = NO_PINS) -> Graph:
    """Read an ONNX file, with its external data, and bring it into normal form.

    Opsets go from 7 to the newest that the installed ONNX Runtime takes. ``name`` is the file's stem unless
    given; ``pins`` give sizes to dynamic dimensions. ``sha256`` is the file's digest, continued over its
    external data files in the order of their names and over the sizes that ``pins`` changed: a model of
    another size is another model. Float16 and bfloat16 become float32. Raises ModelError with one line that
    begins with the path.
    """
    try:
        content = path.read_bytes()
        model = parse_model(content)
        sha256 = _digest(content, _load_external(model, path.parent), pinned_sizes(model, pins))
        return graph_from_model(normalise(model, pins), name or path.stem, sha256)
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such file: give the path of an ONNX file") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ModelError(f"{path}: it holds names that are not UTF-8") from None
    except (ModelError, InputError) as error:
        raise ModelError(f"{path}: {error}") from None


def external_files(path: Path) -> tuple[Path, ...]:
    """The files beside an ONNX file with weights of it; none where it cannot be read."""
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except (OSError, DecodeError, UnicodeDecodeError):
        return ()
    return tuple(path.parent / location for location in sorted(_locations(model)))


def parse_model(content: bytes) -> onnx.ModelProto:
    """The model of an ONNX file as it is written, external data left out. Raises ModelError."""
    if not content:
        raise ModelError("the file is empty")
    if pointer := lfs_pointer(content):
        raise ModelError(pointer)
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        raise ModelError(cut_short(content) or "not an ONNX file") from None
    if not model.graph.node or not model.opset_import:
        raise ModelError(cut_short(content) or "not an ONNX file, or one without any node")
    _check_opset(model)
    return model


def _check_opset(model: onnx.ModelProto) -> None:
    """Opsets that are too new are for ONNX Runtime to refuse; a file of another domain alone needs none."""
    versions = [opset.version for opset in model.opset_import if opset.domain in ("", "ai.onnx")]
    if versions and versions[0] < OLDEST_OPSET:
        raise ModelError(f"opset {versions[0]} is not supported; {OLDEST_OPSET} and newer ones are")


def _load_external(model: onnx.ModelProto, folder: Path) -> list[Path]:
    """Fetch external data into the model; the files it came from."""
    tensors = [tensor for tensor in _tensors(model) if external_data_helper.uses_external_data(tensor)]
    locations = _locations(model)
    try:
        for tensor in tensors:
            _check_there(tensor, folder)
        external_data_helper.load_external_data_for_model(model, str(folder))
    except (checker.ValidationError, ValueError, RuntimeError) as error:
        raise ModelError(f"its external data cannot be read: {str(error).splitlines()[0]}") from None
    return [folder / location for location in sorted(locations)]


def _locations(model: onnx.ModelProto) -> set[str]:
    tensors = (tensor for tensor in _tensors(model) if external_data_helper.uses_external_data(tensor))
    return {_entry(tensor, "location") for tensor in tensors}


def _check_there(tensor: onnx.TensorProto, folder: Path) -> None:
    location = _entry(tensor, "location")
    path = folder / location
    if not path.is_file():
        raise ModelError(f"its external data cannot be read: there is no file {location} beside it")
    if pointer := lfs_pointer_file(path):
        raise ModelError(f"its external data {location} is {pointer}")
    end, size = int(_entry(tensor, "offset") or 0) + int(_entry(tensor, "length") or 0), path.stat().st_size
    if end > size:
        raise ModelError(f"only the beginning of its external data {location} is there: {size:,} bytes")


def _entry(tensor: onnx.TensorProto, key: str) -> str:
    return next((entry.value for entry in tensor.external_data if entry.key == key), "")


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor that may have its data elsewhere: weights and constants, inside sub-graphs too."""
    for graph in all_graphs(model.graph):
        yield from graph.initializer
    for node in all_nodes(model.graph):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors) if attribute.HasField("t") else attribute.tensors


def _digest(content: bytes, external: list[Path], sizes: tuple[str, ...]) -> str:
    digest = hashlib.sha256(content)
    for path in external:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    for size in sizes:
        digest.update(f"\0{size}".encode())
    return digest.hexdigest()
