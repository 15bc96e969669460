"""A shell (bash) that is told one command after the other, as a reader types them."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

END_S = 60.0


@dataclass(frozen=True)
class Done:
    """What a command printed, on both streams, and its exit status."""

    output: str
    status: int


class ShellSession:
    """Background processes of the shell write to where they are told; they end with ``shell``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, command: str, limit_s: float) -> Done:
        """Raises TimeoutError; the shell is of no use after that."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        mark = f"@{secrets.token_hex(8)}@"
        with _killed_after(limit_s, self.process) as is_late:
            # the shell reads its commands from standard input, which is not theirs
            self.process.stdin.write(f"{{\n{command}\n}} < /dev/null\necho {mark}$?\n")
            self.process.stdin.flush()
            read: list[str] = []
            for line in self.process.stdout:
                text, found, status = line.partition(mark)
                read.append(text)
                if found:
                    return Done("".join(read), int(status))
        why = f"not done in {limit_s:g} s" if is_late.is_set() else "the shell ended"
        raise TimeoutError(f"{why}: {command}\n{''.join(read)}")


@contextlib.contextmanager
def shell(folder: Path, environment: Mapping[str, str], within: Sequence[str] = ()) -> Iterator[ShellSession]:
    """A shell in a folder; ``within``: a command that runs another one behind it."""
    process = subprocess.Popen(
        [*within, "bash", "--noprofile", "--norc"],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield ShellSession(process)
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """All that it started is asked to end, and in the end made to."""
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid).children(recursive=True)
        for child in psutil.Process(process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.terminate()
        for late in psutil.wait_procs(started, END_S)[1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                late.kill()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@contextlib.contextmanager
def _killed_after(limit_s: float, process: subprocess.Popen[str]) -> Iterator[threading.Event]:
    is_late = threading.Event()

    def kill() -> None:
        is_late.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(limit_s, kill)
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()
