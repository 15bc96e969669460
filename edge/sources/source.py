"""Frame source protocol: pictures with their time of capture, and the error that says why none come."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from evosplit.shared.errors import PeerError
from evosplit.shared.input_picture import PictureContent


class SourceError(PeerError):
    """A camera, stream or folder that gives no pictures: it is opened again later."""


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """One picture; ``captured_at_s`` is Unix time, ``number`` counts from the opening of the source.

    ``number`` has gaps where pictures were dropped.
    """

    content: PictureContent
    captured_at_s: float
    number: int


class FrameSource(Protocol):
    """One camera, stream, file or folder."""

    @property
    def where(self) -> str:
        """The address, without secrets, for the log."""

    def frames(self) -> AsyncGenerator[SourceFrame, None]:
        """Open it and give pictures until it ends; closing the iterator closes it. Raises SourceError."""
