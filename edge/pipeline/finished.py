"""Outcome of a frame: its result, the errors of frames that failed, and who is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from evosplit.edge.background.follow_ups import FollowUp
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.result import Result


class NotAcceptedError(EvoSplitError):
    """A frame that is no picture, or cannot be noted: there is no result of it, only the ``reason``."""

    def __init__(self, reason: EvoSplitError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class FrameFailedError(EvoSplitError):
    """An accepted frame that nobody could answer; its failure is recorded under ``frame_id``."""

    http_status = 503

    def __init__(self, result: Result) -> None:
        super().__init__(result.error or "no reason given")
        self.frame_id = result.frame_id


class FrameRefusedError(FrameFailedError):
    """An accepted frame with values that the network cannot take."""

    http_status = 400


@dataclass(frozen=True)
class Finished:
    """A result; the model's outputs, and its ``json``, where they were made just now.

    With ``waits`` the frame is on disk until the cloud is there; the result is then yet to come.
    """

    result: Result
    outputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    json: bytes = b""
    waits: bool = False


class FrameRecorder(Protocol):
    """Counts results: metrics, profile."""

    def count(self, result: Result, answer: Answer | None) -> None:
        """Add one frame, with its answer where there was one."""


class FrameTracing(FrameRecorder, Protocol):
    """Begins and ends the trace of a frame, in the frame's own task."""

    def begin(self, job: Job) -> None:
        """Requests of this task belong to the frame from now on."""


class FrameFollower(Protocol):
    """Learns from frames, or checks them, once they are answered."""

    def after_frame(self, job: Job, answer: Answer, outcome: object) -> FollowUp | None:
        """What to do about a frame in the background, if anything; cheap, as the next frame waits for it."""
