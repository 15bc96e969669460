"""Selection of outputs, with the classification extension (top k instead of all)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.errors import InputError
from evosplit.shared.oip.messages import InferTensor, RequestedOutput, tensor


def check_outputs(wanted: Sequence[RequestedOutput], dtypes: Mapping[str, np.dtype[Any]]) -> None:
    """Outputs that are there, and numbers where they are to be ranked. Raises InputError."""
    for output in wanted:
        if output.name not in dtypes:
            raise InputError(f"no output {output.name!r} here; there are {', '.join(dtypes) or 'none'}")
        if output.classification and dtypes[output.name].kind not in "iuf":
            raise InputError(f"output {output.name} holds no numbers to rank")


def requested_outputs(
    wanted: Sequence[RequestedOutput], made: Mapping[str, NDArray[Any]], labels: Sequence[str]
) -> tuple[InferTensor, ...]:
    """Those that the client named, in its order; all where it named none. Raises InputError."""
    asked = wanted or tuple(RequestedOutput(name) for name in made)
    check_outputs(asked, {name: array.dtype for name, array in made.items()})
    return tuple(_requested(output, tensor(output.name, made[output.name]), labels) for output in asked)


def _requested(wanted: RequestedOutput, item: InferTensor, labels: Sequence[str]) -> InferTensor:
    return classify(item, wanted.classification, labels) if wanted.classification else item


def classify(item: InferTensor, count: int, labels: Sequence[str] = ()) -> InferTensor:
    """The ``count`` best of the last axis as BYTES ``value:index`` or ``value:index:label``.

    ``(..., C)`` numbers become ``(..., min(count, C))`` strings, best first.
    """
    scores: NDArray[Any] = item.data.reshape(item.shape or (1,))
    best = np.argsort(-scores.astype(np.float64), axis=-1, kind="stable")[..., :count]
    values = np.take_along_axis(scores, best, axis=-1)
    texts = np.empty(best.shape, object)
    for place in np.ndindex(best.shape):
        texts[place] = _entry(float(values[place]), int(best[place]), labels)
    return InferTensor(item.name, "BYTES", best.shape, texts)


def _entry(value: float, index: int, labels: Sequence[str]) -> bytes:
    label = f":{labels[index]}" if index < len(labels) else ""
    return f"{value:f}:{index}{label}".encode()
