"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from evosplit.shared.atomic_write import replacing, write_whole


@pytest.mark.parametrize("rivals", [False, True])
@pytest.mark.parametrize("durable", [False, True])
def test_a_new_file_takes_the_old_one_s_place(tmp_path: Path, durable: bool, rivals: bool) -> None:
    path = tmp_path / "deep" / "file"
    for content in (b"old", b"new"):
        write_whole(path, content, durable, rivals)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_readers_see_the_old_file_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    with replacing(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_a_failure_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    with pytest.raises(TypeError), replacing(path) as stream:
        stream.writelines([b"new", "no bytes"])
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "file.partial").write_bytes(b"half of a longer file")
    write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
