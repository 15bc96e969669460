from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from evosplit.cli.main import main
from evosplit.shared.free_ports import free_port


@pytest.fixture
def link(tmp_path: Path) -> Path:
    file = tmp_path / "link"
    file.write_text("20mbit\n")
    return file


@pytest.fixture
def running(link: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "evosplit.cli", "shaper", str(link), "--port", str(free_port())]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    yield process
    process.terminate()
    process.communicate(timeout=30)


def test_the_link_follows_the_file(link: Path, running: subprocess.Popen[str]) -> None:
    assert running.stderr is not None
    assert "leads to http://127.0.0.1:8000" in running.stderr.readline()
    assert running.stderr.readline() == "evosplit shaper: 20 Mbit/s\n"
    link.write_text("300kb")  # half written: the link stays
    link.write_text("300kbit")
    assert running.stderr.readline() == "evosplit shaper: 300 kbit/s\n"
    link.write_text("ble")
    assert running.stderr.readline() == "evosplit shaper: ble\n"


@pytest.mark.parametrize("content", [None, "fast"])
def test_a_file_without_a_link_is_one_line(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "link"
    if content is not None:
        file.write_text(content)
    result = CliRunner().invoke(main, ["shaper", str(file)])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "20mbit" in result.output or "200kbit" in result.output


def test_a_port_that_is_taken_is_one_line(link: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = CliRunner().invoke(main, ["shaper", str(link), "--port", str(port)])
    assert (result.exit_code, result.output) == (
        1,
        f"evosplit: port {port} is taken; choose another: --port\n",
    )
