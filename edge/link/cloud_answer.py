"""Answers of the cloud as the edge sees them: outputs, seconds, and what they tell of the cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray


@dataclass(frozen=True)
class CloudAnswer:
    """The tail's outputs. ``elapsed_s`` is the whole request; the other times are the cloud's own.

    ``link_share`` is the mean share of the link that the request had; ``wait_s`` what a frame would wait for
    its turn in the cloud now, None where that does not say; ``cloud`` is the address that answered.
    """

    outputs: Mapping[str, NDArray[Any]]
    sent_bytes: int
    elapsed_s: float
    queue_s: float
    decode_s: float
    tail_s: float
    link_share: float = 1.0
    wait_s: float | None = None
    cloud: str = ""
    is_stale: bool = False
    """The cloud answered by a content of the model for which it would hand out no plans any more."""

    def over(self, link_share: float, cloud: str) -> CloudAnswer:
        """As it came over a link that it had to share, from a cloud."""
        times_s = self.elapsed_s, self.queue_s, self.decode_s, self.tail_s
        told = link_share, self.wait_s, cloud, self.is_stale
        return CloudAnswer(self.outputs, self.sent_bytes, *times_s, *told)

    @property
    def uplink_s(self) -> float:
        """The request less the cloud's own steps: both ways, and the protocol at both ends."""
        return max(self.elapsed_s - self.queue_s - self.decode_s - self.tail_s, 0.0)


class Probed(NamedTuple):
    """What a probe sent in all; ``wait_s`` as in `CloudAnswer`."""

    sent_bytes: int
    wait_s: float | None
