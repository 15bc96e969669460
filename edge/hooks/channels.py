"""Channel-pruning hook: only channels of a boundary tensor that matter for this input are sent."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.decisions import GO, Decision, Keep
from evosplit.edge.hooks.hook import SavedHook


@dataclass(frozen=True, eq=False)
class ChannelsHook:
    """Keeps the ``top`` channels of boundary tensor ``tap`` by energy over a baseline per channel.

    ``baseline`` is `(C,) float32`, in the units of the mean square of a channel: the larger, the sooner a
    channel goes; infinite for one that is never missed. ``elements`` are those of the tensor.
    """

    name: str
    tap: str
    baseline: NDArray[np.float32]
    top: int
    elements: int = 0
    kind: ClassVar[str] = "channels"

    @property
    def macs(self) -> int:
        """One per value."""
        return self.elements

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        """`Keep` or `Go`. Another number of channels, and values that are not finite, go on."""
        del stream
        if tensor.ndim != 4 or tensor.shape[1] != len(self.baseline):
            return GO
        worth = energy(tensor) / self.baseline
        if not np.isfinite(worth).all():
            return GO
        return Keep(self.tap, largest(worth, self.top))

    def saved(self) -> SavedHook:
        """As plain values."""
        fields = {"name": self.name, "tap": self.tap, "top": self.top, "elements": self.elements}
        return SavedHook(self.kind, fields, {"baseline": self.baseline})

    @classmethod
    def restored(cls, saved: SavedHook) -> ChannelsHook:
        """The hook of plain values. Raises KeyError, TypeError or ValueError for values that do not fit."""
        fields, baseline = saved.fields, np.asarray(saved.arrays["baseline"], np.float32)
        hook = cls(fields["name"], fields["tap"], baseline, int(fields["top"]), int(fields["elements"]))
        if baseline.ndim != 1 or not 0 < hook.top <= len(baseline) or not (baseline > 0).all():
            raise ValueError("its baseline does not fit the channels that it keeps")
        return hook

    def keeping(self, top: int) -> ChannelsHook:
        """The same hook, more or less cautious."""
        return dataclasses.replace(self, top=top)


def energy(tensor: NDArray[Any]) -> NDArray[np.float32]:
    """Mean square of each channel, `(C,) float32`, of a tensor `(1, C, H, W)`."""
    maps = np.asarray(tensor[0], np.float32).reshape(tensor.shape[1], -1)
    # Not 0/0: a channel without values has no energy.
    energies: NDArray[np.float32] = np.einsum("cn,cn->c", maps, maps) / np.float32(max(maps.shape[1], 1))
    return energies


def largest(worth: NDArray[np.floating], top: int) -> NDArray[np.bool_]:
    """The mask `(C,)` of the ``top`` largest values; of equal ones the first."""
    mask = np.zeros(len(worth), np.bool_)
    mask[np.argsort(-worth, kind="stable")[:top]] = True
    return mask
