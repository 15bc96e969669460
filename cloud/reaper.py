"""Reaper process: ends the children and removes the files of a cloud tier, however that ended.

Ray's own processes die with the one that started them, but HAProxy is their child and would go on listening
after a SIGKILL, or after a signal to the whole group. The reaper waits until its standard input closes, then
ends every process that has the cloud's temporary folder in its command line, and removes the folder.
It runs as a script, with the standard library alone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

_ROUNDS = 20
_ROUND_S = 0.1


def start_reaper(folder: Path) -> subprocess.Popen[bytes]:
    """Start the process, in a session of its own so that no signal to this process group reaches it."""
    command = [sys.executable, "-I", "-S", __file__, str(folder)]
    return subprocess.Popen(  # noqa: S603 - this very file
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )


def finish(reaper: subprocess.Popen[bytes], limit_s: float = 10.0) -> None:
    """Let it do its work now, and wait for it."""
    if reaper.stdin is not None:
        reaper.stdin.close()
    reaper.wait(limit_s)


def clear(folder: Path) -> None:
    """Kill what still uses the folder, and remove it."""
    for _ in range(_ROUNDS):
        processes = processes_of(folder)
        if not processes:
            break
        for number in processes:
            _kill(number)
        time.sleep(_ROUND_S)
    shutil.rmtree(folder, ignore_errors=True)


def processes_of(folder: Path) -> tuple[int, ...]:
    """Ids of processes, other than this one, with a path below the folder in their command line."""
    wanted = os.fsencode(f"{folder}/")
    entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return tuple(
        int(entry.name)
        for entry in entries
        if int(entry.name) != os.getpid() and wanted in _command_line(entry)
    )


def is_program(number: int, name: str) -> bool:
    """Whether a process runs the program of that file name."""
    program = _command_line(Path("/proc") / str(number)).partition(b"\0")[0]
    return program.rpartition(b"/")[2] == os.fsencode(name)


def _command_line(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""  # it has ended meanwhile


def _kill(number: int) -> None:
    try:
        os.kill(number, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def main() -> None:
    """Wait for the end of standard input, then clear."""
    sys.stdin.buffer.read()
    clear(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
