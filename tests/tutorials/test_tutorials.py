"""The tutorials are played as they are printed, by real processes, in a folder that is empty at first."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tutorials.console_page import ShownFile, fits, steps_of
from tests.tutorials.shell_session import ShellSession, shell

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "tutorials"
LIMIT_S = 120.0
ALONE = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
"""A network of its own, so that the ports of the pages are free whatever else runs here."""


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ShellSession]]:
    """The folder and the shell in which the first page was played: its cloud tier runs."""
    folder = tmp_path_factory.mktemp("tutorials")
    with shell(folder, environment(folder), ALONE if may_be_alone() else ()) as session:
        play(PAGES / "README.md", folder, session)
        yield folder, session


def may_be_alone() -> bool:
    if not all(map(shutil.which, ("unshare", "ip"))):
        return False
    return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0


def environment(folder: Path) -> dict[str, str]:
    """What a reader's shell has: this checkout's commands first, and no settings of EvoSplit."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EVOSPLIT_")}
    path = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", ""), "/usr/sbin"))
    own = {"PYTHONPATH": str(ROOT), "PATH": path, "XDG_CACHE_HOME": str(folder / "cache")}
    return {**kept, **own}


def play(page: Path, folder: Path, session: ShellSession) -> None:
    """Do what a page says; whatever comes out otherwise is told at its end."""
    wrong: list[str] = []
    for step in steps_of(page):
        if isinstance(step, ShownFile):
            (folder / step.name).write_text(step.content, encoding="utf-8")
            continue
        done = session.run(step.text, LIMIT_S)
        if not fits(step.expected, done.output):
            where = f"{page.name}, line {step.line}: {step.text}"
            wrong.append(f"{where}\nexpected:\n{step.expected}got (status {done.status}):\n{done.output}")
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.mark.ray
@pytest.mark.parametrize("name", ["camera", "bandwidth", "query"])
def test_a_tutorial_prints_what_its_page_says(name: str, begun: tuple[Path, ShellSession]) -> None:
    folder, first = begun
    if name == "query" and shutil.which("mosquitto", path=environment(folder)["PATH"]) is None:
        pytest.skip("needs mosquitto (Debian: apt install mosquitto)")
    inside = ("nsenter", "--net", "--target", str(first.process.pid)) if may_be_alone() else ()
    with shell(folder, environment(folder), inside) as session:
        play(PAGES / f"{name}.md", folder, session)
