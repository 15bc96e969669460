"""The Debian package of the agent, built without its dependencies: control, configuration, unit, scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
EVOSPLIT = Path(sys.executable).with_name("evosplit")


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("needs dpkg-deb, which Debian and its kin have")
    if not UV.is_file():
        pytest.skip("needs uv, which comes with the dev extra")
    out = tmp_path_factory.mktemp("deb")
    built = _run(sys.executable, "packaging/build_deb.py", "--bare", "--arch", "arm64", "--out", str(out))
    return Path(built.strip())


@pytest.fixture(scope="module")
def tree(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    _run("dpkg-deb", "--raw-extract", package, folder)
    return folder


def test_it_says_what_it_needs(package: Path) -> None:
    fields = _run("dpkg-deb", "--field", package)
    told = dict(line.split(": ", 1) for line in fields.splitlines() if not line.startswith(" "))
    assert (told["Package"], told["Architecture"]) == ("evosplit", "arm64")
    assert "python3.11" in told["Depends"]
    assert package.name == f"evosplit_{told['Version']}_arm64.deb"


def test_all_belongs_to_root_and_nobody_else_may_write(package: Path) -> None:
    for line in _run("dpkg-deb", "--contents", package).splitlines():
        mode, owner = line.split()[:2]
        assert owner == "root/root"
        assert mode[5] == mode[8] == "-" or mode.startswith("l"), line


def test_the_configuration_is_kept_at_upgrades_and_is_accepted(tree: Path) -> None:
    assert (tree / "DEBIAN" / "conffiles").read_text() == "/etc/evosplit/edge.yaml\n"
    configuration = tree / "etc" / "evosplit" / "edge.yaml"
    assert configuration.stat().st_mode & 0o777 == 0o640
    assert _run(EVOSPLIT, "config", "check", configuration)


def test_the_program_starts_from_its_own_folder(tree: Path, tmp_path: Path) -> None:
    site = tree / "usr" / "lib" / "evosplit" / "site"
    assert (site / "evosplit" / "edge" / "server.py").is_file()
    assert os.access(tree / "usr" / "bin" / "evosplit", os.X_OK)
    assert "python3.11 /usr/lib/evosplit/start.py" in (tree / "usr" / "bin" / "evosplit").read_text()
    start = (tree / "usr" / "lib" / "evosplit" / "start.py").read_text()
    moved = start.replace("/usr/lib/evosplit/site", str(site))
    program = tmp_path / "start.py"
    program.write_text(moved)
    assert _run(sys.executable, program, "--version").startswith("evosplit")


def test_systemd_takes_the_unit(tree: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze, which is not here")
    unit = tree / "lib" / "systemd" / "system" / "evosplit-edge.service"
    text = unit.read_text().replace("/usr/bin/evosplit", str(tree / "usr" / "bin" / "evosplit"))
    unit.write_text(text)
    assert _run("systemd-analyze", "verify", "--man=no", unit) == ""


def test_the_scripts_are_of_the_shell_that_every_system_has(tree: Path) -> None:
    for name in ("postinst", "prerm", "postrm"):
        script = tree / "DEBIAN" / name
        assert os.access(script, os.X_OK)
        assert script.read_text().startswith("#!/bin/sh\n")
        _run("sh", "-n", script)
