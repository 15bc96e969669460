"""Fuzzing: the property tests with new random examples, again and again, until a time limit.

``python -m tests.fuzz [SECONDS]``. The first failing example ends it with exit status 1 and is printed;
it becomes an ``@example`` of its test.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from typing import Final

DEFAULT_S: Final = 600.0
_NO_TESTS: Final = 5


def main() -> int:
    """Run rounds until the time is up; the last one is ended when it is."""
    limit_s = float(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_S
    end_s, rounds = time.monotonic() + limit_s, 0
    while (left_s := end_s - time.monotonic()) > 0:
        if (status := _round(left_s)) is None:
            break
        if status != 0:
            return 1 if status != _NO_TESTS else status
        rounds += 1
    sys.stdout.write(
        f"the time of {limit_s:g} s is up: {rounds} whole rounds and the begun one without a failure\n"
    )
    return 0


def _round(left_s: float) -> int | None:
    """One run of all property tests with a seed of its own; None where the time was up before its end."""
    seed = secrets.randbits(32)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "hypothesis", f"--hypothesis-seed={seed}"]
    try:
        ended = subprocess.run(
            command, env={**os.environ, "EVOSPLIT_HYPOTHESIS": "fuzz"}, timeout=left_s, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
