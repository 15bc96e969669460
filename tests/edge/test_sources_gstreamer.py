"""Pipelines of a real GStreamer: their pictures, their complaints, their end, and who may give one."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
from source_support import number_of, write_video

from evosplit.edge.background.supervisor import Supervisor
from evosplit.edge.sources.gstreamer import LAUNCHER, GStreamerSource
from evosplit.edge.sources.source import SourceError, SourceFrame
from evosplit.edge.sources.source_settings import source_settings
from evosplit.edge.sources.sources import Sources, open_source
from evosplit.shared.errors import UsageError
from evosplit.shared.pictures import PlanarPicture

needs_gstreamer = pytest.mark.skipif(shutil.which(LAUNCHER) is None, reason=f"{LAUNCHER} is not installed")


def _source(pipeline: str, **told: Any) -> GStreamerSource:
    made = open_source(source_settings({"name": "camera", "address": f"gst:{pipeline}", **told}))
    assert isinstance(made, GStreamerSource)
    return made


async def _all(source: GStreamerSource) -> list[SourceFrame]:
    async with contextlib.aclosing(source.frames()) as frames:
        return [frame async for frame in frames]


@needs_gstreamer
async def test_every_picture_of_a_pipeline_comes_in_order(tmp_path: Path) -> None:
    video = write_video(tmp_path / "video.avi", 12, codec="mjpeg")
    frames = await _all(_source(f"filesrc location={video} ! avidemux ! jpegdec", take="all"))
    pictures = [frame.content for frame in frames]
    assert all(isinstance(picture, PlanarPicture) for picture in pictures)
    assert [number_of(picture.whole()) for picture in pictures if isinstance(picture, PlanarPicture)] == list(
        range(12)
    )


@needs_gstreamer
@pytest.mark.parametrize(
    ("pipeline", "told"),
    [
        ("filesrc location=/nowhere.mp4 ! decodebin", "ERROR: .*Resource not found"),
        ("videotestsrc ! nosuchelement", "erroneous pipeline: no element .nosuchelement."),
        ("fakesrc num-buffers=0 ! video/x-raw,format=I420", "ERROR|cannot be read|has no video"),
    ],
)
async def test_a_pipeline_that_fails_says_why_in_a_line(pipeline: str, told: str) -> None:
    with pytest.raises(SourceError, match=told) as failure:
        await _all(_source(pipeline))
    assert "\n" not in str(failure.value)


@needs_gstreamer
async def test_a_live_pipeline_ends_with_its_reader() -> None:
    source = _source("videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=50/1")
    async with contextlib.aclosing(source.frames()) as frames:
        first = await anext(frames)
        later = await anext(frames)
        assert later.captured_at_s > first.captured_at_s
        (pid,) = _pipelines()
    assert pid not in _pipelines()


@needs_gstreamer
async def test_one_that_gives_nothing_can_be_closed() -> None:
    frames = _source("fakesrc silent=true is-live=true num-buffers=-1 ! valve drop=true").frames()
    waiting = asyncio.ensure_future(anext(frames))
    await asyncio.sleep(0.3)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await frames.aclose()
    assert not _pipelines()


def _pipelines() -> set[int]:
    """Processes of this one that are launchers."""
    children = Path("/proc/self/task").glob("*/children")
    pids = {int(pid) for each in children for pid in each.read_text().split()}
    return {pid for pid in pids if LAUNCHER in Path(f"/proc/{pid}/cmdline").read_text()}


def test_without_the_tools_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match=r"apt install gstreamer1\.0-tools"):
        _source("videotestsrc")


@pytest.mark.parametrize("address", ["gst:", "gst:   ", "gst:videotestsrc 'unclosed"])
def test_what_is_no_pipeline_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="pipeline"):
        source_settings({"name": "camera", "address": address})


def test_the_log_shows_no_secrets() -> None:
    pipeline = "gst:rtspsrc location=rtsp://me:hidden@camera/live user-id=me user-pw=hidden ! decodebin"
    where = source_settings({"name": "camera", "address": pipeline}).where
    assert where == "gst:rtspsrc location=rtsp://camera/live user-id=... user-pw=... ! decodebin"


@needs_gstreamer
async def test_only_who_starts_the_agent_gives_a_pipeline(tmp_path: Path) -> None:
    """It can write files, which a token with the scope `admin` is not meant to do."""
    fixed = source_settings({"name": "gate", "address": "gst:videotestsrc", "paused": True})
    sources = Sources([fixed], tmp_path / "sources.json", Supervisor(lambda *_: None), AsyncMock())
    sources.start()
    await sources.put(fixed.model_copy(update={"rate": 5.0}))
    for other in (
        fixed.model_copy(update={"address": "gst:filesrc"}),
        fixed.model_copy(update={"name": "yard"}),
    ):
        with pytest.raises(UsageError, match="--source"):
            await sources.put(other)
    await sources.end()
