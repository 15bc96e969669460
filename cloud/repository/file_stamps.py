"""Stability of files that others write: when a file that has changed is whole.

A copy that is under way changes size and times, so what two looks see alike is whole. A file that was
written elsewhere and then put into place is whole at the first look: it was renamed (a new inode, and its
status changed after its content), or a link on the way points elsewhere now (``..data`` of Kubernetes).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias


class FileStamp(NamedTuple):
    """What tells one state of a file from another. ``target`` is where links lead."""

    target: str
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


Stamps: TypeAlias = Mapping[Path, FileStamp]


def stamps_of(paths: Iterable[Path]) -> dict[Path, FileStamp]:
    """The states of files; those that are not there are left out."""
    stamps = ((path, _stamp(path)) for path in paths)
    return {path: stamp for path, stamp in stamps if stamp is not None}


def is_whole(taken: Stamps, before: Stamps, now: Stamps) -> bool:
    """Whether files may be read ``now``: last ``taken`` up as they were then, seen at the look ``before``."""
    if now == before:
        return True
    if taken.keys() - now.keys():
        return False  # something is being replaced in more steps than one
    changed = (path for path in now if now[path] != taken.get(path))
    return all(now[path] == before.get(path) or _was_placed(taken.get(path), now[path]) for path in changed)


def _was_placed(old: FileStamp | None, new: FileStamp) -> bool:
    if old is not None and old.target != new.target:
        return True
    is_another = old is None or old.inode != new.inode
    return is_another and new.changed_ns > new.modified_ns


def _stamp(path: Path) -> FileStamp | None:
    """Of the link itself where it leads nowhere: that is a state too, of which a reader has to be told."""
    for look in (path.stat, path.lstat):
        with contextlib.suppress(OSError):
            status = look()
            return FileStamp(
                os.path.realpath(path), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
            )
    return None
