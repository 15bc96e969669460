"""Choice between a delta and a key frame: the shorter one, or the nearer one within a budget of bytes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from evosplit.edge.streams.budget import Fitting, fitting_delta, fitting_key
from evosplit.edge.streams.cloud_state import State
from evosplit.edge.streams.code_epoch import Epoch
from evosplit.edge.streams.delta_frames import Coded
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
    delta = None
    if base is not None:
        delta = fitting_delta(frame, epoch.wire, base.tensors, codes, threshold, limit_bytes)
        if delta is not None and _pays(delta, epoch):
            return _as_delta(delta, base, epoch)
    key = fitting_key(frame, epoch.wire, codes, limit_bytes)
    if key is not None and (delta is None or key.noise <= delta.noise):
        known = dataclasses.replace(epoch, key_bytes=len(key.content), key_noise=key.noise, frames=1)
        return Written(key.content, 0, key.codes, known)
    if base is None or delta is None:
        raise FrameBudgetError(f"a frame of a stream takes more than {limit_bytes} bytes at any step")
    return _as_delta(delta, base, epoch)


def _pays(delta: Fitting, epoch: Epoch) -> bool:
    """Whether a delta is sure to be better than a key frame: as near as the last one was, and no longer."""
    if epoch.key_noise:  # it took all of a budget
        return delta.is_full or delta.noise <= epoch.key_noise
    return delta.is_full and len(delta.content) < epoch.key_bytes


def _as_delta(delta: Fitting, base: State, epoch: Epoch) -> Written:
    later = dataclasses.replace(epoch, frames=epoch.frames + 1)
    return Written(delta.content, base.sequence, delta.codes, later)
