"""Choice between a delta and a key frame: the shorter one, or the nearer one within a budget of bytes."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from evosplit.edge.streams.budget import Fitting, fitting
from evosplit.edge.streams.cloud_state import State
from evosplit.edge.streams.coarse_key import CoarseKey
from evosplit.edge.streams.code_epoch import Epoch
from evosplit.edge.streams.delta_frames import Coded
from evosplit.edge.streams.partial_delta import PartialDelta
from evosplit.shared.errors import FrameBudgetError
from evosplit.shared.wire import Frame


@dataclass(frozen=True, eq=False)
class Written:
    """A frame's bytes, its ``base`` (0: a key frame), the codes that result, and the epoch then."""

    content: bytes
    base: int
    codes: Coded
    epoch: Epoch


def shorter(
    frame: Frame, epoch: Epoch, base: State | None, codes: Coded, threshold: int, limit_bytes: int | None
) -> Written:
    """The frame as a delta if there is a base and a key frame, as the last one was, is not better.

    Raises FrameBudgetError where neither fits.
    """
    key_way, delta = CoarseKey(frame, epoch.wire, codes), None
    if base is not None:
        delta = _delta(frame, epoch, base, codes, threshold, limit_bytes, key_way)
        if delta is not None and _pays(delta, epoch):
            return _as_delta(delta, base, epoch)
    most_noise = math.inf if delta is None else delta.noise
    key = fitting(key_way, limit_bytes, epoch.key_factor, most_noise)
    if key is not None and key.noise <= most_noise:
        return _as_key(key, epoch)
    if base is None or delta is None:
        raise FrameBudgetError(f"a frame of a stream takes more than {limit_bytes} bytes at any step")
    return _as_delta(delta, base, epoch)


def _delta(
    frame: Frame,
    epoch: Epoch,
    base: State,
    codes: Coded,
    threshold: int,
    limit_bytes: int | None,
    key_way: CoarseKey,
) -> Fitting | None:
    """None where none fits, and within a budget where it is sure to be further off than a key frame."""
    block = 0 if frame.stream is None else frame.stream.block
    way = PartialDelta(frame, epoch.wire, base.tensors, codes, block, threshold)
    most_noise = math.inf
    if limit_bytes is not None and epoch.key_factor:
        most_noise = key_way.outlook.likely_noise(epoch.key_factor, limit_bytes, 1)
    return fitting(way, limit_bytes, epoch.delta_factor, most_noise)


def _pays(delta: Fitting, epoch: Epoch) -> bool:
    """Whether a delta is sure to be better than a key frame: as near as the last one was, and no longer."""
    if epoch.key_noise:  # it took all of a budget
        return delta.is_full or delta.noise <= epoch.key_noise
    return delta.is_full and len(delta.content) < epoch.key_bytes


def _as_key(key: Fitting, epoch: Epoch) -> Written:
    begun = dataclasses.replace(epoch, frames=1, key_factor=key.factor)
    known = dataclasses.replace(begun, key_bytes=len(key.content), key_noise=key.noise)
    return Written(key.content, 0, key.codes, known)


def _as_delta(delta: Fitting, base: State, epoch: Epoch) -> Written:
    later = dataclasses.replace(epoch, frames=epoch.frames + 1, delta_factor=delta.factor)
    return Written(delta.content, base.sequence, delta.codes, later)
