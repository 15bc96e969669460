"""Video source (PyAV, so FFmpeg): files, V4L2 cameras, RTSP, MJPEG over HTTP; on a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from evosplit.edge.sources.mailbox import Mailbox
from evosplit.edge.sources.source import SourceError, SourceFrame
from evosplit.edge.sources.source_settings import DEVICE, PIPELINE, SourceSettings
from evosplit.edge.sources.video_picture import is_planar, planar_picture, whole_picture
from evosplit.shared.errors import MissingExtraError
from evosplit.shared.input_picture import PictureContent

if TYPE_CHECKING:
    from av import VideoFrame

_OPEN_S: Final = 10.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opening:
    """What FFmpeg reads: an address or a file, with its options, in a format or whatever it finds."""

    content: str | IO[bytes]
    options: Mapping[str, str]
    kind: str | None = None


class VideoSource:
    """Planes of pictures, or (H, W, 3) uint8 RGB. Raises MissingExtraError where PyAV is not installed.

    Only pictures that are fetched are converted: one that is dropped costs its decoding alone. ``opening`` is
    read in place of the address.
    """

    def __init__(self, told: SourceSettings, opening: Opening | None = None) -> None:
        try:
            import av
        except ImportError:
            raise MissingExtraError("a video source", "PyAV", "video") from None
        self._av = av
        self._told = told
        self._opening = _opening(told) if opening is None else opening
        self.where = told.where

    async def frames(self) -> AsyncGenerator[SourceFrame, None]:
        """As `FrameSource.frames`; a live source is read at its own pace, whatever is fetched of it."""
        mailbox: Mailbox[tuple[Any, float, int]] = Mailbox(
            asyncio.get_running_loop(), drops=not self._told.takes_all
        )
        thread = threading.Thread(
            target=self._read, args=(mailbox,), name=f"source {self._told.name}", daemon=True
        )
        thread.start()
        try:
            while (item := await mailbox.get()) is not None:
                picture, captured_at_s, number = item
                yield SourceFrame(await _content(picture), captured_at_s, number)
        finally:
            # The thread ends with the picture that it reads, or when FFmpeg's time is over.
            mailbox.close()

    def _read(self, mailbox: Mailbox[tuple[Any, float, int]]) -> None:
        """The thread: decode until the end, the mailbox's end, or an error."""
        try:
            for item in self._pictures():
                if not mailbox.put(item):
                    return
            mailbox.end()
        except (self._av.FFmpegError, OSError, ValueError) as broken:
            mailbox.end(SourceError(f"cannot be read: {_line(broken)}"))

    def _pictures(self) -> Iterator[tuple[Any, float, int]]:
        opening, number = self._opening, 0
        timeouts = (_OPEN_S, self._told.stall_s)
        options = dict(opening.options)
        with self._av.open(
            opening.content, format=opening.kind, options=options, timeout=timeouts
        ) as container:
            if not container.streams.video:
                raise SourceError("has no video")
            stream = container.streams.video[0]
            clock = _MediaClock(is_paced=self._is_paced)
            for picture in container.decode(stream):
                yield picture, clock.captured_at_s(picture.time), number
                number += 1

    @property
    def _is_paced(self) -> bool:
        """A file of which pictures may be left out plays as fast as it was recorded."""
        return not self._is_live and (
            not self._told.takes_all or self._told.rate is not None or self._told.motion is not None
        )

    @property
    def _is_live(self) -> bool:
        return self._told.is_stream or self._told.address.startswith((DEVICE, PIPELINE))


def _opening(told: SourceSettings) -> Opening:
    address = told.address
    if address.startswith(DEVICE):
        device = address.removeprefix(DEVICE)
        return Opening(f"/dev/video{device}" if device.isdigit() else device, {}, "v4l2")
    if address.startswith(("rtsp://", "rtsps://")):
        return Opening(address, {"rtsp_transport": told.transport, "fflags": "nobuffer"})
    return Opening(address, {})


async def _content(picture: VideoFrame) -> PictureContent:
    """Planes cost nothing here: they are scaled before they are converted, where that is wanted."""
    if is_planar(picture):
        return planar_picture(picture)
    return await asyncio.to_thread(whole_picture, picture)


class _MediaClock:
    """Unix time of pictures from their time in the stream; where ``is_paced`` it waits for that time.

    A stream's own clock has less jitter than arrival; where it runs away from ours (a jump, another speed, no
    times at all) arrival counts again.
    """

    _DRIFT_S: Final = 1.0

    def __init__(self, is_paced: bool) -> None:
        self._is_paced = is_paced
        self._offset_s: float | None = None

    def captured_at_s(self, media_s: float | None) -> float:
        now_s = time.time()
        if media_s is None:
            return now_s
        if self._offset_s is None:
            self._offset_s = now_s - media_s
        at_s = media_s + self._offset_s
        if self._is_paced and 0 < at_s - now_s < 60:
            time.sleep(at_s - now_s)
            return at_s
        if abs(at_s - now_s) > self._DRIFT_S or at_s > now_s:
            self._offset_s, at_s = now_s - media_s, now_s
        return at_s


def _line(broken: Exception) -> str:
    """What went wrong, in one line: the text of FFmpeg's errors ends in the address, password and all."""
    reason = getattr(broken, "strerror", None)
    if reason:
        return str(reason)[:300]
    return " ".join(str(broken).split())[:300] or type(broken).__name__
