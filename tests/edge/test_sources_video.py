"""Video sources: files, a real RTSP server, what is no video, and a camera that is not there."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from source_support import SIZE, end_server, needs_rtsp_server, number_of, rtsp_server, write_video

from evosplit.edge.sources.source import SourceError, SourceFrame
from evosplit.edge.sources.source_settings import source_settings
from evosplit.edge.sources.video import VideoSource
from evosplit.shared.pictures import PlanarPicture


def _source(address: Path | str, **told: Any) -> VideoSource:
    return VideoSource(source_settings({"name": "camera", "address": str(address), **told}))


async def _all(source: VideoSource) -> list[SourceFrame]:
    async with contextlib.aclosing(source.frames()) as frames:
        return [frame async for frame in frames]


def _pixels(frame: SourceFrame) -> NDArray[np.uint8]:
    content = frame.content
    return content.whole() if isinstance(content, PlanarPicture) else np.asarray(content)


async def test_every_picture_of_a_file_comes_in_order(tmp_path: Path) -> None:
    frames = await _all(_source(write_video(tmp_path / "video.mp4", 16)))
    assert [frame.number for frame in frames] == list(range(16))
    assert [number_of(_pixels(frame)) for frame in frames] == list(range(16))
    assert isinstance(frames[0].content, PlanarPicture)
    assert _pixels(frames[0]).shape == (*SIZE, 3)


async def test_the_latest_picture_wins_at_the_pace_of_the_file(tmp_path: Path) -> None:
    source = _source(write_video(tmp_path / "video.mp4", 16, rate=50), take="latest")
    got = []
    async with contextlib.aclosing(source.frames()) as frames:
        async for frame in frames:
            got.append(frame)
            await asyncio.sleep(0.1)
    numbers = [frame.number for frame in got]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 15
    assert len(numbers) < 16
    gaps_s = np.diff([frame.captured_at_s for frame in got]) - np.diff(numbers) / 50
    assert np.abs(gaps_s).max() < 0.01


async def test_a_file_with_a_rate_plays_as_fast_as_it_was_recorded(tmp_path: Path) -> None:
    """Else a rate would leave out nearly all of it: decoding is faster than any camera."""
    frames = await _all(_source(write_video(tmp_path / "video.mp4", 8, rate=50), rate=25))
    assert [frame.number for frame in frames] == list(range(8))
    assert frames[-1].captured_at_s - frames[0].captured_at_s == pytest.approx(7 / 50, abs=0.01)


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\x00\x00\x00\x18ftypmp42" + bytes(50)])
async def test_what_is_no_video_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError) as failure:
        await _all(_source(path))
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("address", ["v4l2:99", "/nowhere/video.mp4"])
async def test_what_is_not_there_is_an_error(address: str) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        await _all(_source(address))


async def test_a_camera_that_does_not_answer_is_an_error(unused_tcp_port: int) -> None:
    with pytest.raises(SourceError):
        await _all(_source(f"rtsp://127.0.0.1:{unused_tcp_port}/live"))


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
async def test_what_a_failing_camera_says_holds_no_password(scheme: str, unused_tcp_port: int) -> None:
    """It is in the log, in the agent's API and in its dashboard."""
    with pytest.raises(SourceError) as failure:
        await _all(_source(f"{scheme}://gate:secret@127.0.0.1:{unused_tcp_port}/live.mjpg?key=hidden"))
    assert str(failure.value) == "cannot be read: Connection refused"


@needs_rtsp_server
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_an_rtsp_camera_is_read_and_its_end_noticed(unused_tcp_port: int, transport: str) -> None:
    server = await asyncio.to_thread(rtsp_server, unused_tcp_port)
    try:
        source = _source(f"rtsp://127.0.0.1:{unused_tcp_port}/live", transport=transport, stall_s=2)
        got: list[SourceFrame] = []
        with contextlib.suppress(SourceError):  # over TCP the end is one, over UDP silence
            async with contextlib.aclosing(source.frames()) as frames:
                async for frame in frames:
                    got.append(frame)
                    if len(got) == 5:
                        end_server(server)
    finally:
        end_server(server)
    assert len(got) >= 5
    assert all(_pixels(frame).shape == (*SIZE, 3) for frame in got)
    times_s = [frame.captured_at_s for frame in got[:5]]
    assert times_s == sorted(times_s)
