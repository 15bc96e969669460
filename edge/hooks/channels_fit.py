"""How few channels of a boundary tensor leave the tail's answer as it is: found by asking the tail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.hooks.channels import ChannelsHook, energy
from edge.hooks.decisions import Keep
from edge.learning.calibrate import threshold

Floats = NDArray[np.float32]
Tensors: TypeAlias = Sequence[NDArray[Any]]
Asked: TypeAlias = Callable[[NDArray[Any]], "str | None"]
"""The key of the tail's answer to a boundary tensor: a runner's, or the cloud's, asked in idle time."""

_LEAST_ENERGY: Final = 1e-12


def fit_channels(
    name: str, tap: str, tensors: Tensors, ask: Asked, target: float, sure: float = 0.95
) -> ChannelsHook | None:
    """The hook that keeps fewest channels, or None where all are needed.

    ``tensors`` `(1, C, H, W)` are what crossed, in order. The first half says what each channel is worth, the
    second how many must stay so that the answer does with ``target``. The tail is asked about 2 C times per
    tensor.
    """
    middle = len(tensors) // 2
    first, second = tensors[:middle], tensors[middle:]
    if not first or first[0].ndim != 4:
        return None
    answers, best = [ask(tensor) for tensor in second], None
    for baseline in _baselines(first, ask):
        top = best.top if best else len(baseline)
        hook = ChannelsHook(name, tap, baseline, top, first[0].size)
        while hook.top > 1 and _holds(hook.keeping(hook.top - 1), second, answers, ask, target, sure):
            best = hook = hook.keeping(hook.top - 1)
    return best


def _baselines(tensors: Tensors, ask: Asked) -> Iterator[Floats]:
    """Ways to rank channels: by energy, by energy against the usual, and that by what its loss changes."""
    usual = np.maximum(np.mean([energy(tensor) for tensor in tensors], 0), _LEAST_ENERGY).astype(np.float32)
    yield np.ones_like(usual)
    yield usual
    answers = [ask(tensor) for tensor in tensors]
    lost = np.array([_loss(channel, tensors, answers, ask) for channel in range(len(usual))])
    # One more than none at all, so that among channels that are never missed the energy decides.
    yield (usual / (1 + lost)).astype(np.float32)


def _loss(channel: int, tensors: Tensors, answers: Sequence[str | None], ask: Asked) -> int:
    """How many answers change when just this channel is missing."""
    others = np.arange(tensors[0].shape[1]) != channel
    return sum(ask(_kept(tensor, others)) != said for tensor, said in zip(tensors, answers, strict=True))


def _holds(
    hook: ChannelsHook,
    tensors: Tensors,
    answers: Sequence[str | None],
    ask: Asked,
    target: float,
    sure: float,
) -> bool:
    agrees = [
        said is not None and ask(after(hook, tensor)) == said
        for tensor, said in zip(tensors, answers, strict=True)
    ]
    return threshold(np.ones(len(agrees)), np.array(agrees), target, sure) is not None


def after(hook: ChannelsHook, tensor: NDArray[Any]) -> NDArray[Any]:
    """What arrives of a tensor when the hook has decided."""
    decision = hook.decide(tensor, "")
    return _kept(tensor, decision.channels) if isinstance(decision, Keep) else tensor


def _kept(tensor: NDArray[Any], channels: NDArray[np.bool_]) -> NDArray[Any]:
    kept: NDArray[Any] = np.where(channels[None, :, None, None], tensor, 0).astype(tensor.dtype)
    return kept
