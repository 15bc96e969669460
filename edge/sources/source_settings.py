"""Settings of a frame source: where pictures come from, which of them are taken, and how often."""

from __future__ import annotations

import re
import shlex
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evosplit.shared.errors import UsageError
from evosplit.shared.validation_line import problem_place, validation_line

Take: TypeAlias = Literal["latest", "all"]
Kind: TypeAlias = Literal["video", "device", "snapshot", "folder"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_STREAMS: Final = ("rtsp", "rtsps", "rtmp", "udp", "tcp", "http", "https")
_SNAPSHOT_SCHEMES: Final = ("snapshot+http", "snapshot+https")
DEVICE: Final = "v4l2:"
PIPELINE: Final = "gst:"
MQTT: Final = ("mqtt", "mqtts")


class SourceSettings(BaseModel):
    """One source; its ``name`` is the stream of its frames.

    ``address``: ``rtsp://...`` and other streams, ``v4l2:0`` for ``/dev/video0``, ``gst:`` and a pipeline of
    GStreamer, ``snapshot+http://...`` for
    a picture that is fetched again and again, ``mqtt://host/topic`` for pictures as payloads, else the path
    of a video file or, with a slash at its end or as a folder that is there, of a folder that pictures are
    put into.

    ``take``: ``latest`` drops what came while a frame was under way, ``all`` takes each in order. None is
    ``all`` for files and folders, else ``latest``. ``every`` takes each so manieth, ``rate`` at most so
    many a second, ``motion`` only those that differ from the one taken before in more than this share,
    ``deadline_s`` is for how long an answer is of use. A source that gives nothing for
    ``stall_s`` is opened again. ``transport`` is that of RTSP. With ``repeats`` a file begins anew;
    one that is ``paused`` is not opened.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    address: str = Field(min_length=1, max_length=2000)
    take: Take | None = None
    every: int = Field(1, ge=1)
    rate: float | None = Field(None, gt=0, le=1000)
    motion: float | None = Field(None, ge=0, lt=1)
    deadline_s: float | None = Field(None, gt=0)
    stall_s: float = Field(10.0, gt=0)
    transport: Literal["tcp", "udp"] = "tcp"
    repeats: bool = False
    paused: bool = False

    @model_validator(mode="after")
    def _check(self) -> SourceSettings:
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f"not a source's name: {self.name[:80]!r} (1 to 64 of A-Z a-z 0-9 _ . -, no sign at first)"
            )
        if self.is_pipeline:
            return self._checked_pipeline()
        parts = urlsplit(self.address)
        scheme = parts.scheme
        if "://" in self.address and scheme not in (*_STREAMS, *_SNAPSHOT_SCHEMES, *MQTT):
            raise UsageError(
                f"not a source: {self.address!r} ({scheme}:// is not read; write it like rtsp://camera/stream)"
            )
        if scheme in MQTT and not (parts.hostname and parts.path.strip("/")):
            raise UsageError("a broker is named with its topic, like mqtt://host/cameras/gate")
        if self.address.startswith(DEVICE) and not self.address.removeprefix(DEVICE):
            raise UsageError("a camera is named by its number or path, like v4l2:0 or v4l2:/dev/video0")
        return self

    def _checked_pipeline(self) -> SourceSettings:
        try:
            elements = shlex.split(self.address.removeprefix(PIPELINE))
        except ValueError as broken:
            raise UsageError(f"not a pipeline: {broken}") from None
        if not elements:
            raise UsageError("a pipeline is written like gst:videotestsrc, as gst-launch-1.0 takes it")
        return self

    @property
    def is_pipeline(self) -> bool:
        """Whether GStreamer is to read it."""
        return self.address.startswith(PIPELINE)

    @property
    def is_stream(self) -> bool:
        """Whether it is read over a network."""
        return "://" in self.address and not self.is_pipeline

    @property
    def may_be_silent(self) -> bool:
        """Whether nothing is wrong where no picture comes for long: folders, and brokers, who say so."""
        is_folder_or_file = self.takes_all and not self.is_stream
        return is_folder_or_file or urlsplit(self.address).scheme in MQTT

    @property
    def takes_all(self) -> bool:
        """Whether no picture is dropped."""
        is_file = not self.is_stream and not self.address.startswith((DEVICE, PIPELINE))
        return self.take == "all" or (self.take is None and is_file)

    @property
    def where(self) -> str:
        """The address without user, password and query."""
        if self.is_pipeline:
            return _without_secrets(self.address)
        if not self.is_stream:
            return self.address
        parts = urlsplit(self.address)
        host = (parts.hostname or "") + ("" if parts.port is None else f":{parts.port}")
        return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _without_secrets(pipeline: str) -> str:
    """Without users and passwords of addresses, and values of properties that are called so."""
    masked = re.sub(r"://[^@/\s]*@", "://", pipeline)
    return re.sub(r"\b([\w-]*(?:user-id|user-pw|password|token|secret)[\w-]*)=\S+", r"\1=...", masked)


def source_settings(told: object) -> SourceSettings:
    """Checked settings from plain data. Raises UsageError."""
    try:
        return SourceSettings.model_validate(told)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        place = problem_place(first)
        raise UsageError(f"source {place or 'settings'}: {validation_line(first)}") from None


def source_option(text: str, number: int) -> SourceSettings:
    """``NAME=ADDRESS`` or ``ADDRESS`` (then called ``source1`` and so on). Raises UsageError."""
    name, separator, address = text.partition("=")
    is_named = bool(separator) and name.replace("-", "").replace("_", "").replace(".", "").isalnum()
    told: dict[str, Any] = (
        {"name": name, "address": address} if is_named else {"name": f"source{number}", "address": text}
    )
    return source_settings(told)
