"""Float features of one tensor that is learned about: of inputs to fit to, and of others held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.errors.calibration_inputs import Feeds, spread
from evosplit.kernels.errors.probe_budget import works
from evosplit.kernels.restoration.neighbourhoods import Floats32
from evosplit.planner.restoration.held_out import HeldOut, Values
from evosplit.planner.restoration.restorable_tensors import Restorable
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph
from evosplit.shared.plan import TensorCode
from evosplit.shared.restoration.transform import ChannelTransform
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model

MOST_INPUTS: Final = 128
LEAST_INPUTS: Final = 16
_HELD_OUT_EVERY: Final = 4
_MAC_BUDGET: Final = 400e9
"""Multiply-accumulates of passes over the inputs, at about ten passes of the tail for each step."""


@dataclass(frozen=True)
class FeaturePairs:
    """What crosses of the inputs to fit to, ``tensor`` among it, and of those held out."""

    tensor: str
    crossing: tuple[Values, ...]
    held: HeldOut

    @property
    def fitted(self) -> tuple[Floats32, ...]:
        """The tensor of each input to fit to."""
        return tuple(map(self.fitted_at, range(len(self.crossing))))

    def fitted_at(self, index: int) -> Floats32:
        """The tensor of one of them."""
        return np.asarray(self.crossing[index][self.tensor], np.float32)

    @property
    def is_rectified(self) -> bool:
        """Whether no value lies below zero."""
        return all(float(values.min()) >= 0 for values in (*self.fitted, *self.held.floats))


def enough_inputs(feeds: Sequence[Feeds]) -> bool:
    """Whether there are inputs enough to learn from."""
    return len(feeds) >= LEAST_INPUTS


def feature_pairs(
    graph: Graph, card: Card | None, place: Restorable, feeds: Sequence[Feeds], threads: int
) -> FeaturePairs:
    """The features of ``place``; of many or costly inputs some are taken, evenly spread."""
    affordable = int(_MAC_BUDGET / (10 * max(sum(works(graph)), 1.0)))
    picked = spread(len(feeds), max(LEAST_INPUTS, min(MOST_INPUTS, affordable)))
    head = Runner(head_model(graph, place.cut), threads)
    crossing = [_crossing(head, feeds[index]) for index in picked]
    held = [values for index, values in enumerate(crossing) if index % _HELD_OUT_EVERY == 0]
    fitted = [values for index, values in enumerate(crossing) if index % _HELD_OUT_EVERY]
    return FeaturePairs(place.tensor, tuple(fitted), HeldOut(graph, card, place, held, threads))


def _crossing(head: Runner, feeds: Feeds) -> Mapping[str, np.ndarray]:
    return {**feeds, **head.run({name: feeds[name] for name in head.input_names})}


def sent_as(code: TensorCode) -> tuple[TensorCode, ...]:
    """The code as single frames have it, and where these move codes as frames of a stream have it."""
    if code.lagrange_multiplier is None:
        return (code,)
    return (code, replace(code, lagrange_multiplier=None))


def arrived(
    tensor: str, code: TensorCode, floats: Sequence[Floats32], transform: ChannelTransform | None = None
) -> list[Floats32]:
    """What arrives of a tensor, of each input; of components what becomes of them."""
    sent = floats if transform is None else [transform.components(values) for values in floats]
    decoded = (decode_tensor(encode_tensor(tensor, values, code)) for values in sent)
    came = [values.astype(np.float32, copy=False) for values in decoded]
    return came if transform is None else [transform.restored(values) for values in came]
