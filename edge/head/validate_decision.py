"""Validation of a hook's decision. Pure: the reason why it cannot be acted on, or None."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.head.steps import AskHook, Head
from evosplit.edge.hooks.decisions import Bits, Exit, Go, Keep, Mask, Skip
from evosplit.shared.graph import Tensor

_WIRE_BITS: Final = frozenset((2, 3, 4, 5, 6, 7, 8, 16, 32))


def decision_problem(decision: object, ask: AskHook, tensor: NDArray[Any], head: Head) -> str | None:
    """Why the decision about ``tensor`` cannot be acted on; None when it can."""
    if isinstance(decision, Go):
        return None
    if isinstance(decision, Exit):
        return _exit(decision, head)
    if isinstance(decision, Skip):
        return None if ask.until else "it skips, but no residual block follows"
    if isinstance(decision, Keep):
        return _keep(decision, head)
    if isinstance(decision, Mask):
        fits = _is_mask(decision.positions, tensor.shape[-2:])
        return None if fits else f"its mask does not fit a tensor {tensor.shape}"
    if isinstance(decision, Bits):
        return _bits(decision, head)
    return f"it decided {type(decision).__name__}"


def _exit(decision: Exit, head: Head) -> str | None:
    if not 0.0 <= decision.confidence <= 1.0:
        return f"its confidence is {decision.confidence}"
    for wanted in head.answers:
        if not _fits(decision.outputs.get(wanted.name), wanted):
            return f"its answer has no proper output {wanted.name}"
    return None


def _fits(given: NDArray[Any] | None, wanted: Tensor) -> bool:
    if not isinstance(given, np.ndarray) or given.shape != wanted.shape or given.dtype != wanted.dtype:
        return False
    return not wanted.is_float or bool(np.isfinite(given).all())


def _keep(decision: Keep, head: Head) -> str | None:
    if decision.tensor not in head.boundary:
        return f"it keeps channels of {decision.tensor}, which does not cross"
    is_mask = isinstance(decision.channels, np.ndarray) and decision.channels.dtype == np.bool_
    return None if is_mask and decision.channels.ndim == 1 else "its channels are no mask"


def _bits(decision: Bits, head: Head) -> str | None:
    if not set(decision.codes) <= set(head.boundary):
        return "it chooses bits for a tensor that does not cross"
    widths = {code.bits for code in decision.codes.values()}
    return None if widths <= _WIRE_BITS else "it chooses a bit-width that there is not"


def _is_mask(given: object, shape: tuple[int, ...]) -> bool:
    return isinstance(given, np.ndarray) and given.dtype == np.bool_ and given.shape == shape
