"""Shared initialisers: weights that several sessions have in common lie in memory once.

ONNX Runtime lays the weights of a convolution out anew for its kernels, each session for itself. So a model
is optimised first, written to a file and opened again with its optimised weights taken from the pool, where
they lie by content: the tails of a network, whose last layers are the same, then hold one copy.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from evosplit.shared.external_weights import declared_outside
from evosplit.shared.runtime import open_session

_CPU: Final = ("CPUExecutionProvider",)
_SMALLEST_BYTES: Final = 1024
"""Smaller ones stay in the model: the shapes and axes among them are needed when it is opened."""
_LINE_BYTES: Final = 64
_Content: TypeAlias = tuple[bytes, str, tuple[int, ...]]


class WeightPool:
    """Weights by content, each as long as a session holds it. For several threads."""

    def __init__(self) -> None:
        self._values: weakref.WeakValueDictionary[_Content, Any] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    @property
    def memory_bytes(self) -> int:
        """What all weights take together."""
        with self._lock:
            return sum(value.tensor_size_in_bytes() for value in self._values.values())

    def open(self, model: onnx.ModelProto, options: Any, providers: Sequence[str]) -> Any:  # noqa: ANN401
        """As `evosplit.shared.runtime.open_session`; on processors other than CPUs weights are not shared."""
        if tuple(providers) != _CPU:
            return open_session(model, options, providers)
        optimised = _optimised(model, options)
        views = {
            tensor.name: self._shared(numpy_helper.to_array(tensor))
            for tensor in optimised.graph.initializer
            if len(tensor.raw_data) >= _SMALLEST_BYTES
        }
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.add_external_initializers(list(views), list(views.values()))
        for name, view in views.items():
            options.add_initializer(name, view)  # without this the session would copy them
        session = open_session(declared_outside(optimised, views), options, providers)
        _keep(views, session)
        return session

    def _shared(self, weights: np.ndarray) -> Any:  # noqa: ANN401 - ONNX Runtime has no types
        content = hashlib.sha256(weights.data).digest(), weights.dtype.str, weights.shape
        with self._lock:
            value = self._values.get(content)
            if value is None:
                value = onnxruntime.OrtValue.ortvalue_from_numpy(_aligned(weights))
                self._values[content] = value
            return value


def _aligned(array: np.ndarray) -> np.ndarray:
    """A copy that begins where a line of the cache does, as those of the runtime do."""
    space = np.empty(array.nbytes + _LINE_BYTES, np.uint8)
    start = -space.ctypes.data % _LINE_BYTES
    copy = space[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def _keep(views: dict[str, Any], session: Any) -> None:  # noqa: ANN401
    """Have ``session`` hold what it reads: the runtime does not, and would read freed memory."""
    weakref.finalize(session, views.clear).atexit = False


def _optimised(model: onnx.ModelProto, options: Any) -> onnx.ModelProto:  # noqa: ANN401
    """The model as ONNX Runtime makes it out for this processor; ``options`` are as they were after it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "optimised.onnx"
        options.optimized_model_filepath = str(path)
        open_session(model, options, _CPU)
        options.optimized_model_filepath = ""
        return onnx.load(path)
