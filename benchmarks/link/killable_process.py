"""Child process that listens on a port, is killed (SIGKILL) and started again there: a broker, a receiver."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from evosplit.shared.free_ports import free_port

_LIMIT_S: Final = 30.0


class KillableProcess:
    """A command that listens on ``port``. Use `running`."""

    def __init__(self, command: Sequence[str | Path], port: int) -> None:
        self.port = port
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(self._command)
        end_s = time.monotonic() + _LIMIT_S
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.port), 5).close()
                return
            if time.monotonic() > end_s:
                raise SystemExit(f"{self._command[0]} does not listen on port {self.port}")
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without a word."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def stop(self) -> None:
        """End it in order, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(_LIMIT_S)


@contextlib.contextmanager
def running(command: Sequence[str | Path], port: int) -> Iterator[KillableProcess]:
    """Started; stopped at the end, whatever happens."""
    process = KillableProcess(command, port)
    process.start()
    try:
        yield process
    finally:
        process.stop()


@contextlib.contextmanager
def mosquitto(folder: Path, *settings: str) -> Iterator[KillableProcess]:
    """A real MQTT broker on the loopback, for anybody; ``settings`` are more lines of its file."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        raise SystemExit("needs mosquitto (Debian: apt install mosquitto)")
    port, file = free_port(), folder / "mosquitto.conf"
    lines = (f"listener {port} 127.0.0.1", "allow_anonymous true", "log_dest none", "user root", *settings)
    file.write_text("\n".join(lines) + "\n")
    with running((program, "-c", file), port) as process:
        yield process


@contextlib.contextmanager
def webhook_receiver(received: Path) -> Iterator[KillableProcess]:
    """`benchmarks.link.webhook_receiver`, which adds to a file."""
    port = free_port()
    command = (sys.executable, "-m", "benchmarks.link.webhook_receiver", str(port), received)
    with running(command, port) as process:
        yield process
