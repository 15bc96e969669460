"""Commands that a service manager ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from evosplit.cli.orderly_end import ENDED, run_to_its_end

PROGRAM = """
import asyncio, sys
from pathlib import Path
from evosplit.cli.orderly_end import run_to_its_end

async def work():
    try:
        print("started", flush=True)
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.01)
        Path(sys.argv[1]).write_text("tidy")

run_to_its_end(work())
"""


def test_sigterm_lets_what_was_started_be_ended(tmp_path: Path) -> None:
    tidy = tmp_path / "tidy"
    command = [sys.executable, "-c", PROGRAM, str(tidy)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == ENDED
    assert tidy.read_text() == "tidy"


def test_without_a_signal_nothing_changes() -> None:
    async def work() -> int:
        return 7

    assert run_to_its_end(work()) == 7
