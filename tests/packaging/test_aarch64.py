"""The ``edge`` extra installs on 64-bit Arm from wheels alone, and brings neither Ray nor a solver.

A resolver-only install: uv resolves for the other platform and Python and reads metadata, not wheels.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
NO_INDEX = ("Failed to fetch", "network was disabled", "Could not connect", "dns error", "timed out")
# JetPack 5 (glibc 2.31) and JetPack 6 (glibc 2.35) both run wheels of manylinux_2_28.
PLATFORM = "aarch64-manylinux_2_28"
SERVER_ONLY = {"ray", "pulp", "highspy", "torch", "matplotlib", "fastapi", "uvicorn"}


def _install(python: str, folder: Path, *what: str) -> subprocess.CompletedProcess[str]:
    """What uv would install on that machine; nothing is downloaded."""
    if not UV.is_file():
        pytest.skip("needs uv, which comes with the dev extra")
    command = [
        *(str(UV), "pip", "install", "--dry-run", "--no-progress", "--color=never", "--only-binary=:all:"),
        *("--python", sys.executable, "--target", str(folder / "target")),
        *("--python-platform", PLATFORM, "--python-version", python, *what),
    ]
    environment = {**os.environ, "UV_HTTP_RETRIES": "1"}
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=240, check=False, cwd=ROOT, env=environment
    )
    if result.returncode and any(sign in result.stderr for sign in NO_INDEX):
        pytest.skip("needs a package index, and none could be reached")
    return result


@pytest.mark.parametrize(("python", "runtime"), [("3.10", "1.23.2"), ("3.12", None)])
def test_edge_extra_has_wheels_for_64_bit_arm(python: str, runtime: str | None, tmp_path: Path) -> None:
    pins = ("--constraint", "constraints.txt")
    result = _install(python, tmp_path, *pins, "--requirement", "pyproject.toml", "--extra", "edge")
    assert result.returncode == 0, result.stderr
    assert "warning" not in result.stderr.lower()
    lines = [line.strip() for line in result.stderr.splitlines()]
    wheels = dict(line[2:].split("==") for line in lines if line.startswith("+ "))
    assert {"numpy", "numba", "onnx", "onnxruntime", "aiohttp", "zstandard", "pillow"} <= wheels.keys()
    assert not SERVER_ONLY & wheels.keys()
    assert runtime in (None, wheels["onnxruntime"])


def test_a_package_without_such_wheels_is_refused(tmp_path: Path) -> None:
    """The resolver does look at the platform: pywin32 has wheels for Windows only."""
    (tmp_path / "windows.txt").write_text("pywin32\n")
    result = _install("3.12", tmp_path, "--requirement", str(tmp_path / "windows.txt"))
    assert result.returncode != 0
    assert "pywin32" in result.stderr
