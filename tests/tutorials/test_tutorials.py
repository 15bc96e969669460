"""The tutorials are played as they are printed, by real processes, in a folder that is empty at first."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tutorials.played_page import PAGES, environment, play
from tests.tutorials.shell_session import ShellSession, shell

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


@pytest.mark.ray
@pytest.mark.parametrize("name", ["camera", "bandwidth", "query"])
def test_a_tutorial_prints_what_its_page_says(name: str, begun: tuple[Path, ShellSession]) -> None:
    folder, first = begun
    if name == "query" and shutil.which("mosquitto", path=environment(folder)["PATH"]) is None:
        pytest.skip("needs mosquitto (Debian: apt install mosquitto)")
    inside = ("nsenter", "--net", "--target", str(first.process.pid)) if may_be_alone() else ()
    with shell(folder, environment(folder), inside) as session:
        play(PAGES / f"{name}.md", folder, session)
