"""The install script: what it would do, and what it refuses, with the programs that it asks as stand-ins."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "packaging" / "install.sh"
SHELLCHECK = Path(sys.executable).with_name("shellcheck")
DEBIAN, OTHER = "ID=ubuntu\nID_LIKE=debian\n", "ID=fedora\n"
PACKAGE = {"Package": "evosplit", "Architecture": "arm64", "Depends": "adduser, python3.11, libc6"}


class System:
    """A machine whose programs answer as they are told; they come before the real ones in PATH."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.release = folder / "os-release"
        self.release.write_text(DEBIAN)
        self.package = folder / "evosplit_1_arm64.deb"
        self.package.write_text("a package")
        self.answers("uname", "case $1 in -s) echo Linux ;; *) echo aarch64 ;; esac")
        self.answers("dpkg", "echo arm64")
        self.describes(**PACKAGE)
        self.answers("python3.11", "exit 0")

    def answers(self, program: str, script: str) -> None:
        path = self.programs / program
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def describes(self, **fields: str) -> None:
        lines = "".join(f'{name}) echo "{value}" ;; ' for name, value in fields.items())
        self.answers("dpkg-deb", f"case $3 in {lines} esac")

    def install(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.programs}:/usr/bin:/bin", "EVOSPLIT_OS_RELEASE": str(self.release)}
        command = ["/bin/sh", SCRIPT, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)

    def refusal(self, *arguments: str | Path) -> str:
        done = self.install(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        return line


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


def test_the_shell_and_its_critic_take_it() -> None:
    assert subprocess.run(["/bin/sh", "-n", SCRIPT], check=False).returncode == 0
    critic = SHELLCHECK if SHELLCHECK.is_file() else shutil.which("shellcheck")
    if critic is None:
        pytest.skip("needs shellcheck, which comes with the dev extra")
    done = subprocess.run([critic, SCRIPT], capture_output=True, text=True)
    assert done.stdout == ""


def test_it_says_how_it_is_used(system: System) -> None:
    done = system.install("--help")
    assert done.returncode == 0
    assert "--venv" in done.stdout


def test_a_package_is_installed_by_apt(system: System) -> None:
    done = system.install("--dry-run", system.package)
    assert done.returncode == 0, done.stderr
    assert f"would run: apt-get install --yes --reinstall {system.package}\n" in done.stdout
    assert "systemctl enable --now evosplit-edge" in done.stdout


def test_other_systems_get_a_virtual_environment(system: System) -> None:
    system.release.write_text(OTHER)
    done = system.install("--dry-run")
    assert done.returncode == 0, done.stderr
    assert "-m venv /opt/evosplit\n" in done.stdout
    assert f"--constraint {ROOT}/constraints.txt {ROOT}[edge,video]\n" in done.stdout
    assert "edge.yaml" in done.stdout


def test_a_package_that_does_not_fit_is_refused(system: System) -> None:
    system.answers("dpkg", "echo amd64")
    assert "the package is for arm64, this system is amd64: make deb ARCH=amd64" in system.refusal(
        system.package
    )
    system.describes(**{**PACKAGE, "Package": "other"})
    assert "is the package other" in system.refusal(system.package)
    system.answers("dpkg-deb", "exit 2")
    assert "is not a Debian package" in system.refusal(system.package)
    system.release.write_text(OTHER)
    assert "use --venv" in system.refusal(system.package)
    assert "there is no file" in system.refusal("lost.deb")


def test_a_python_that_is_not_here_is_named(system: System) -> None:
    system.describes(**{**PACKAGE, "Depends": "adduser, python3.99"})
    system.answers("apt-cache", "exit 100")
    assert "needs python3.99, which this system does not have" in system.refusal(system.package)


def test_what_makes_no_sense_is_refused(system: System) -> None:
    assert "give it the package" in system.refusal()
    assert "no option --faster" in system.refusal("--faster")
    assert "one package at a time" in system.refusal(system.package, system.package)
    assert "either a package or --venv" in system.refusal("--venv", system.package)
    system.answers("id", "echo 1000")
    assert "only root may install" in system.refusal(system.package)
    system.answers("uname", "case $1 in -s) echo Linux ;; *) echo armv7l ;; esac")
    assert "not for Linux on armv7l" in system.refusal("--venv")
