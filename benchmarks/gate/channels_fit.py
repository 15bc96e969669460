"""Channel selection for a boundary tensor: the fewest that leave the answers of the tail as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.gate.answer_runs import first_of_runs
from evosplit.edge.hook_training.thresholds import can_show, threshold
from evosplit.edge.hooks.channels import ChannelsHook, energy
from evosplit.edge.hooks.decisions import Keep

Floats = NDArray[np.float32]
Tensors: TypeAlias = Sequence[NDArray[Any]]
Asked: TypeAlias = Callable[[NDArray[Any]], "str | None"]
"""The key of the tail's answer to a boundary tensor: a runner's, or the cloud's, asked in idle time."""

_LEAST_ENERGY: Final = 1e-12
_LOST_TENSORS: Final = 100
"""On about so many tensors each channel is left out to see what its loss changes."""


def fit_channels(
    name: str, tap: str, tensors: Tensors, ask: Asked, target: float, sure: float = 0.95
) -> ChannelsHook | None:
    """The hook that keeps fewest channels, or None where all are needed.

    ``tensors`` `(1, C, H, W)` are what crossed, in order; of a run with equal answers the first one counts.
    The first half says what each channel is worth, the second how many must stay so that the answer does
    with ``target``. The tail is asked once per tensor, about 100 C times for what a channel is worth, and
    once per run and number of channels tried.
    """
    runs = list(first_of_runs((tensor, ask(tensor)) for tensor in tensors))
    middle = len(runs) // 2
    if not middle or runs[0][0].ndim != 4 or not can_show(target, len(runs) - middle, sure):
        return None
    first, (second, answers) = runs[:middle], zip(*runs[middle:], strict=True)
    best: ChannelsHook | None = None
    for baseline in _baselines(first, ask):
        top = best.top if best else len(baseline)
        hook = ChannelsHook(name, tap, baseline, top, second[0].size)
        while hook.top > 1 and _holds(hook.keeping(hook.top - 1), second, answers, ask, target, sure):
            best = hook = hook.keeping(hook.top - 1)
    return best


def _baselines(runs: Sequence[tuple[NDArray[Any], str]], ask: Asked) -> Iterator[Floats]:
    """Ways to rank channels: by energy, by energy against the usual, and that by what its loss changes."""
    energies = [energy(tensor) for tensor, _ in runs]
    usual = np.maximum(np.mean(energies, 0), _LEAST_ENERGY).astype(np.float32)
    yield np.ones_like(usual)
    yield usual
    some = runs[:: max(1, len(runs) // _LOST_TENSORS)]
    lost = np.array([_loss(channel, some, ask) for channel in range(len(usual))])
    # One more than none at all, so that among channels that are never missed the energy decides.
    yield (usual / (1 + lost)).astype(np.float32)


def _loss(channel: int, runs: Sequence[tuple[NDArray[Any], str]], ask: Asked) -> int:
    """How many answers change when just this channel is missing."""
    others = np.arange(runs[0][0].shape[1]) != channel
    return sum(ask(_kept(tensor, others)) != said for tensor, said in runs)


def _holds(
    hook: ChannelsHook,
    tensors: Tensors,
    answers: Sequence[str],
    ask: Asked,
    target: float,
    sure: float,
) -> bool:
    """Whether enough answers stay; it gives up where too few can."""
    alike, agrees = np.ones(len(tensors)), np.ones(len(tensors), np.bool_)
    for index, (tensor, said) in enumerate(zip(tensors, answers, strict=True)):
        agrees[index] = ask(after(hook, tensor)) == said
        if not agrees[index] and threshold(alike, agrees, target, sure) is None:
            return False
    return threshold(alike, agrees, target, sure) is not None


def after(hook: ChannelsHook, tensor: NDArray[Any]) -> NDArray[Any]:
    """What arrives of a tensor when the hook has decided."""
    decision = hook.decide(tensor, "")
    return _kept(tensor, decision.channels) if isinstance(decision, Keep) else tensor


def _kept(tensor: NDArray[Any], channels: NDArray[np.bool_]) -> NDArray[Any]:
    kept: NDArray[Any] = np.where(channels[None, :, None, None], tensor, 0).astype(tensor.dtype)
    return kept
