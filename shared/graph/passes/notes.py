"""Notes of the passes on a model, kept in its metadata."""

from __future__ import annotations

import json
from typing import Any, Final

import onnx

_PREFIX: Final = "evosplit."


def write_note(model: onnx.ModelProto, key: str, value: object) -> None:
    """Put JSON under a key into a model that nobody else holds yet."""
    model.metadata_props.add(key=_PREFIX + key, value=json.dumps(value))


def read_note(model: onnx.ModelProto, key: str, default: Any) -> Any:  # noqa: ANN401 - any JSON
    """What `write_note` wrote, or ``default``."""
    texts = (entry.value for entry in model.metadata_props if entry.key == _PREFIX + key)
    text = next(texts, None)
    return default if text is None else json.loads(text)


def drop_notes(model: onnx.ModelProto) -> None:
    """Forget what was found out about the model that a head or tail was cut from."""
    others = [entry for entry in model.metadata_props if not entry.key.startswith(_PREFIX)]
    del model.metadata_props[:]
    model.metadata_props.extend(others)
