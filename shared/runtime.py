"""ONNX Runtime sessions: options, quiet logging, and its errors in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import onnx
import onnxruntime
from google.protobuf.message import EncodeError  # type: ignore[import-untyped]
from onnxruntime.capi import onnxruntime_pybind11_state as _state

from evosplit.shared.errors import ModelError

RUNTIME_ERRORS: Final[tuple[type[Exception], ...]] = (
    *(kind for kind in vars(_state).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    RuntimeError,
    ValueError,
)
"""Everything that ONNX Runtime raises; its errors have no common base."""

_FATAL_ONLY: Final = 4
_UNASKED: Final = ("WeightBiasQuantization", "QDQPropagationTransformer")
"""Rounds float weights between integer tensors; moves rounding ahead of poolings, which are then slower."""
_NOISE: Final = re.compile(
    r"^(?:\[ONNXRuntimeError\] : \d+ : \w+ : "
    r"|\S+\.(?:cc|h):\d+ (?:[\w:<>,&*~ ]+\([^)']*\) (?:const )?|\S+ ))+"
)
"""Error codes, and places in the runtime's own source."""


def session_options(threads: int = 1) -> Any:  # noqa: ANN401 - ONNX Runtime has no types
    """Sequential, quiet, and no thread spins: two processes may share two cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Not session.set_denormal_as_zero: it would change the arithmetic of the calling thread for good.
    return options


def reason(error: Exception) -> str:
    """What ONNX Runtime says, as one line of at most 300 characters, without places in its source."""
    if isinstance(error, UnicodeDecodeError):
        return "it holds names that are not UTF-8"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return _NOISE.sub("", lines[0] if lines else type(error).__name__)[:300]


def serialise(model: onnx.ModelProto) -> bytes:
    """The bytes of a model. Raises ModelError above 2 GB, which no protobuf can hold."""
    try:
        return bytes(model.SerializeToString())
    except (ValueError, EncodeError):
        raise ModelError("the model is larger than the 2 GB that one ONNX message can hold") from None


def open_session(model: onnx.ModelProto, options: Any, providers: Sequence[str]) -> Any:  # noqa: ANN401
    """A session with just these providers. Raises ModelError with the runtime's reason.

    The runtime's own fallback would print to standard output, and hide a provider that is not there.
    """
    missing = set(providers) - set(onnxruntime.get_available_providers())
    if missing:
        raise ModelError(f"ONNX Runtime has no {min(missing)} on this machine")
    content = serialise(model)
    try:
        session = onnxruntime.InferenceSession(
            content,
            options,
            providers=list(providers),
            enable_fallback=0,
            disabled_optimizers=list(_UNASKED),
        )
    except RUNTIME_ERRORS as error:
        raise ModelError(f"ONNX Runtime does not take the model: {reason(error)}") from None
    vars(session)["_model_bytes"] = None  # the binding keeps them for a fallback, which is off
    return session
