"""Runner of one ONNX model (an ONNX Runtime session behind checked inputs)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnxruntime

from evosplit.shared.errors import InputError
from evosplit.shared.external_weights import referring
from evosplit.shared.integer_overflow import has_integers, keep_sums_exact
from evosplit.shared.runtime import RUNTIME_ERRORS, open_session, reason, serialise, session_options

__all__ = ["Runner", "serialise"]

Opener: TypeAlias = Callable[[onnx.ModelProto, Any, Sequence[str]], Any]
"""Opens a session of a model with options on providers. Raises ModelError."""
_Shape = tuple[int | None, ...]


class Runner:
    """Runs a model; thread-safe. A model without nodes passes its inputs through, without a session.

    ``optimise=False`` skips ONNX Runtime's own optimisers: quick to build, slower to run. ``weights`` are
    those initialisers by name that the model only declares (`evosplit.shared.external_weights`). ``opener``
    opens the session, as `evosplit.shared.runtime.open_session` does. Raises ModelError when the runtime does
    not take the model.
    """

    def __init__(
        self,
        model: onnx.ModelProto,
        threads: int = 1,
        providers: Sequence[str] = ("CPUExecutionProvider",),
        optimise: bool = True,
        weights: Mapping[str, np.ndarray] = MappingProxyType({}),
        opener: Opener = open_session,
    ) -> None:
        self.input_names = tuple(value.name for value in model.graph.input)
        self.output_names = tuple(value.name for value in model.graph.output)
        self._wanted = {value.name: _expected(value) for value in model.graph.input}
        self._constants = _constants(model, weights)
        self._computed = _computed(model)
        model, self._views = referring(model, weights)
        options = _options(model, threads, optimise, self._views)
        self._session = opener(model, options, providers) if self._computed else None

    @property
    def has_nodes(self) -> bool:
        """Whether anything is computed at all."""
        return self._session is not None

    def run(self, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name. ``feeds`` has exactly the inputs, of their shapes and dtypes (InputError)."""
        self._check(feeds)
        values = {**feeds, **self._constants}
        if self._session is not None:
            try:
                made = self._session.run(self._computed, dict(feeds))
            except RUNTIME_ERRORS as error:
                raise InputError(f"the network cannot run on this input: {reason(error)}") from None
            values.update(zip(self._computed, made, strict=True))
        return {name: values[name] for name in self.output_names}

    def _check(self, feeds: Mapping[str, np.ndarray]) -> None:
        for name in feeds:
            if name not in self._wanted:
                raise InputError(f"there is no input {name!r}; the inputs are {', '.join(self.input_names)}")
        for name, (shape, dtype) in self._wanted.items():
            array = feeds.get(name)
            if array is None:
                raise InputError(f"input {name!r} is missing")
            if array.dtype != dtype or not _fits(array.shape, shape):
                raise InputError(
                    f"input {name!r} is {_described(array.shape, array.dtype)},"
                    f" but must be {_described(shape, dtype)}"
                )


def _options(model: onnx.ModelProto, threads: int, optimise: bool, views: Mapping[str, Any]) -> Any:  # noqa: ANN401
    options = session_options(threads)
    if views:
        options.add_external_initializers(list(views), list(views.values()))
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if has_integers(model):
        keep_sums_exact(options)
    return options


def _expected(value: onnx.ValueInfoProto) -> tuple[_Shape, np.dtype[Any]]:
    kind = value.type.tensor_type
    shape = tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim)
    return shape, np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))


def _fits(shape: tuple[int, ...], wanted: _Shape) -> bool:
    """Whether the dimensions agree; None agrees with any."""
    return len(shape) == len(wanted) and all(w in (None, s) for s, w in zip(shape, wanted, strict=True))


def _constants(model: onnx.ModelProto, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    outputs = {value.name for value in model.graph.output}
    held = [tensor for tensor in model.graph.initializer if tensor.name in outputs]
    return {
        tensor.name: weights[tensor.name] if tensor.name in weights else onnx.numpy_helper.to_array(tensor)
        for tensor in held
    }


def _computed(model: onnx.ModelProto) -> list[str]:
    made = {name for node in model.graph.node for name in node.output}
    return [value.name for value in model.graph.output if value.name in made]


def _described(shape: _Shape, dtype: np.dtype[Any]) -> str:
    dims = "x".join("?" if size is None else str(size) for size in shape)
    return f"{dims or 'scalar'} {dtype.name}"


def random_feeds(model: onnx.ModelProto, seed: int = 0) -> dict[str, np.ndarray]:
    """Inputs of a model with static shapes: standard normal, or zeros and ones for whole numbers."""
    rng = np.random.default_rng(seed)
    return {value.name: _random(value, rng) for value in model.graph.input}


def _random(value: onnx.ValueInfoProto, rng: np.random.Generator) -> np.ndarray:
    kind = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
    shape = [dim.dim_value for dim in kind.shape.dim]
    return (rng.standard_normal(shape) if dtype.kind == "f" else rng.integers(0, 2, shape)).astype(dtype)
