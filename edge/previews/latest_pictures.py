"""Latest picture of each stream, in memory: what a live page shows."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.pipeline.job import Job
from evosplit.shared.input_picture import Picture

MOST_STREAMS: Final = 16
"""Each holds a picture of the network's size."""


@dataclass(frozen=True)
class LatestFrame:
    """The newest answered frame of a stream; ``picture`` is None for tensors, and where inputs stay here.

    ``changes`` are the blocks (rows, columns) of the network's input that were computed anew for it, None
    where heads do not follow their streams.
    """

    stream: str
    frame_id: str
    received_at_s: float
    picture: Picture | None = field(repr=False)
    changes: NDArray[np.bool_] | None = field(default=None, repr=False)


class LatestPictures:
    """Of the streams that had a frame last. A frame costs it a reference; a preview is made on request."""

    def __init__(self, with_pictures: bool) -> None:
        self._with_pictures = with_pictures
        self._frames: OrderedDict[str, LatestFrame] = OrderedDict()

    def see(self, job: Job, changes: NDArray[np.bool_] | None = None) -> None:
        """Note an answered frame."""
        picture = job.picture if self._with_pictures else None
        frame = LatestFrame(job.stream, job.frame_id, job.times.received_at_s, picture, changes)
        self._frames[job.stream] = frame
        self._frames.move_to_end(job.stream)
        if len(self._frames) > MOST_STREAMS:
            self._frames.popitem(last=False)

    def frames(self) -> list[LatestFrame]:
        """One for each stream, the newest first."""
        return list(reversed(self._frames.values()))

    def of_stream(self, stream: str) -> LatestFrame | None:
        """The newest frame of a stream."""
        return self._frames.get(stream)
