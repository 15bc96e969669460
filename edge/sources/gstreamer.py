"""GStreamer pipeline source: `gst-launch-1.0` in a process of its own, its pictures through a pipe.

For decoders that FFmpeg lacks, such as ``nvv4l2decoder`` on a Jetson. No bindings are needed, and a plugin
that crashes ends its own process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

from evosplit.edge.sources.source import SourceError, SourceFrame
from evosplit.edge.sources.source_settings import PIPELINE, SourceSettings
from evosplit.edge.sources.video import Opening, VideoSource
from evosplit.shared.errors import UsageError

LAUNCHER: Final = "gst-launch-1.0"
_END: Final = "videoconvert ! video/x-raw,format=I420 ! matroskamux streamable=true"
"""Pictures as they are decoded, with their times, in a container that costs nothing."""
_OPTIONS: Final = {"probesize": "32", "analyzeduration": "0"}
_END_S: Final = 2.0


class GStreamerSource:
    """The pictures of a pipeline whose last element gives raw video in plain memory.

    Raises UsageError where GStreamer's tools are not installed, and as `VideoSource`.
    """

    def __init__(self, told: SourceSettings) -> None:
        self._launcher = shutil.which(LAUNCHER) or ""
        if not self._launcher:
            raise UsageError(
                f"a pipeline needs {LAUNCHER}, which is not here (on Debian: apt install gstreamer1.0-tools)"
            )
        self._told = told
        self._elements = shlex.split(told.address.removeprefix(PIPELINE))
        self._checked = VideoSource(told)  # PyAV is missing now, or never
        self.where = told.where

    async def frames(self) -> AsyncGenerator[SourceFrame, None]:
        """As `FrameSource.frames`; the process ends with the iterator."""
        with _launched([self._launcher, "-q", *self._elements]) as run:
            reader = VideoSource(self._told, Opening(run.video, _OPTIONS, "matroska"))
            try:
                async with contextlib.aclosing(reader.frames()) as frames:
                    async for frame in frames:
                        yield frame
            except SourceError as broken:
                raise SourceError(run.complaint() or str(broken)) from None
            if await asyncio.to_thread(run.process.wait, _END_S):
                raise SourceError(run.complaint() or "the pipeline failed")


@dataclass(frozen=True)
class _Run:
    """A pipeline that runs: its pictures, and what it says."""

    process: subprocess.Popen[bytes]
    video: IO[bytes]
    log: IO[bytes]

    def complaint(self) -> str:
        """The first line that tells of an error."""
        self.log.seek(0)
        lines = self.log.read(1 << 16).decode("utf-8", "replace").splitlines()
        told = next((line for line in lines if line.startswith(("ERROR", "WARNING: erroneous"))), "")
        return " ".join(told.split())[:300]


@contextlib.contextmanager
def _launched(command: list[str]) -> Iterator[_Run]:
    """A process group of the pipeline, with a pipe for the pictures; ended at the end, whatever it does."""
    from_pipeline, to_us = os.pipe()
    with os.fdopen(from_pipeline, "rb", buffering=0) as video, tempfile.TemporaryFile() as log:
        outlet = [*shlex.split(f"! {_END} ! fdsink sync=false"), f"fd={to_us}"]
        process = subprocess.Popen(  # noqa: S603 - no shell; the pipeline is the operator's
            [*command, *outlet], stdout=log, stderr=log, pass_fds=(to_us,), start_new_session=True
        )
        os.close(to_us)
        try:
            yield _Run(process, video, log)
        finally:
            _end(process)


def _end(process: subprocess.Popen[Any]) -> None:
    """At once: a reader may wait in the pipe, and a pipeline that hangs does not hear an interrupt."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
