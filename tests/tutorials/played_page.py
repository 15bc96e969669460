"""A tutorial played in a shell: files are saved, commands are typed, and what they print is compared."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.tutorials.console_page import ShownFile, fits, steps_of
from tests.tutorials.shell_session import ShellSession

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "tutorials"
LIMIT_S = 200.0


def environment(folder: Path) -> dict[str, str]:
    """What a reader's shell has: this checkout's commands first, and no settings of EvoSplit."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EVOSPLIT_")}
    path = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", ""), "/usr/sbin"))
    own = {"PYTHONPATH": str(ROOT), "PATH": path, "XDG_CACHE_HOME": str(folder / "cache")}
    return {**kept, **own}


def play(page: Path, folder: Path, session: ShellSession, limit_s: float = LIMIT_S) -> None:
    """Do what a page says; whatever comes out otherwise is told at its end."""
    wrong: list[str] = []
    for step in steps_of(page):
        if isinstance(step, ShownFile):
            (folder / step.name).write_text(step.content, encoding="utf-8")
            continue
        done = session.run(step.text, limit_s)
        if not fits(step.expected, done.output):
            where = f"{page.name}, line {step.line}: {step.text}"
            wrong.append(f"{where}\nexpected:\n{step.expected}got (status {done.status}):\n{done.output}")
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)
