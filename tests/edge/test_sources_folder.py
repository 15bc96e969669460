"""Watched folders: each picture once, when it is whole, in the order in which they came."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evosplit.edge.sources.folder import FolderSource
from evosplit.edge.sources.source import SourceError, SourceFrame
from evosplit.edge.sources.source_settings import source_settings


def _source(folder: Path) -> FolderSource:
    return FolderSource(source_settings({"name": "folder", "address": f"{folder}/"}), look_s=0.01)


def _put(folder: Path, name: str, content: bytes, at_s: int) -> None:
    (folder / name).write_bytes(content)
    os.utime(folder / name, (at_s, at_s))


async def _contents(frames: AsyncIterator[SourceFrame], count: int) -> list[object]:
    return [(await anext(frames)).content for _ in range(count)]


async def test_pictures_come_once_in_order_of_time(tmp_path: Path) -> None:
    _put(tmp_path, "b.jpg", b"first", 10)
    _put(tmp_path, "a.png", b"second", 20)
    _put(tmp_path, "notes.txt", b"no picture", 15)
    async with contextlib.aclosing(_source(tmp_path).frames()) as frames:
        assert await _contents(frames, 2) == [b"first", b"second"]
        _put(tmp_path, "c.JPG", b"third", 30)
        _put(tmp_path, "b.jpg", b"changed", 40)
        assert await _contents(frames, 2) == [b"third", b"changed"]
        (tmp_path / "a.png").unlink()
        _put(tmp_path, "a.png", b"again", 50)
        assert await _contents(frames, 1) == [b"again"]


async def test_a_file_that_is_being_copied_waits_until_it_is_whole(tmp_path: Path) -> None:
    async with contextlib.aclosing(_source(tmp_path).frames()) as frames:
        coming = asyncio.create_task(_contents(frames, 1))
        with (tmp_path / "a.jpg").open("wb") as file:
            for number in range(20):
                file.write(b"part%02d" % number)
                file.flush()
                os.utime(tmp_path / "a.jpg", (number, number))
                await asyncio.sleep(0.005)
        assert await coming == [b"".join(b"part%02d" % number for number in range(20))]


async def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    async with contextlib.aclosing(_source(tmp_path / "none").frames()) as frames:
        with pytest.raises(SourceError, match="cannot be read"):
            await anext(frames)
