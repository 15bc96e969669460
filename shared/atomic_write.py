"""Atomic file writes: to a file beside the place, then renamed over it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def replacing(
    path: Path, durable: bool = False, rivals: bool = False, mode: int = 0o666
) -> Iterator[IO[bytes]]:
    """A binary stream whose content takes the place of ``path`` at the end, or nothing does. OSError passes.

    Readers see the old file or the new one. ``durable``: on disk before it is renamed, so that a power cut
    leaves one of them, too. ``rivals``: other processes may be writing the same path; without, what a killed
    one has left half is written over. ``mode``: of a file that is made, less the umask. Folders are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial" if rivals else f"{path.name}.partial")
    try:
        with _opened(partial, mode) as stream:
            yield stream
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        partial.replace(path)
    except BaseException:  # also a cancelled task leaves no half of a file; all pass on
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def write_whole(
    path: Path, content: bytes, durable: bool = False, rivals: bool = False, mode: int = 0o666
) -> None:
    """As `replacing`, for content that is there."""
    with replacing(path, durable, rivals, mode) as stream:
        stream.write(content)


def _opened(partial: Path, mode: int) -> IO[bytes]:
    """A new file for writing: one that a killed process has left would keep its own mode."""
    partial.unlink(missing_ok=True)
    return os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb")
