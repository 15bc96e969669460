"""Each image or board installs one extra: its command must start without what the others bring."""

from __future__ import annotations

import subprocess
import sys

import pytest

# `None` in sys.modules makes an import fail as if the distribution were not installed.
WITHOUT = "import sys; sys.modules.update(dict.fromkeys({absent!r})); "
EDGE_LACKS = ["ray", "pulp", "highspy", "matplotlib", "torch"]
CLOUD_LACKS = ["aiohttp", "matplotlib", "torch"]
PLANNER_LACKS = ["ray", "aiohttp", "prometheus_client", "matplotlib", "torch"]
PLAIN_LACKS = [*EDGE_LACKS, "aiohttp", "prometheus_client", "PIL"]


@pytest.mark.parametrize(
    ("absent", "arguments"),
    [
        (EDGE_LACKS, ["edge", "--help"]),
        (EDGE_LACKS, ["results", "--help"]),
        (EDGE_LACKS, ["new", "--help"]),
        ([*EDGE_LACKS, "sqlalchemy"], ["config", "--help"]),
        (CLOUD_LACKS, ["cloud", "--help"]),
        (CLOUD_LACKS, ["worker", "--help"]),
        (PLANNER_LACKS, ["plan", "--help"]),
        (PLANNER_LACKS, ["compare", "--help"]),
        (PLAIN_LACKS, ["inspect", "--help"]),
        (PLAIN_LACKS, ["split", "--help"]),
        (PLAIN_LACKS, ["--help"]),
    ],
)
def test_command_starts_with_one_extra(absent: list[str], arguments: list[str]) -> None:
    code = WITHOUT.format(absent=absent) + f"from evosplit.cli.main import main; main({arguments!r})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Usage" in result.stdout


def test_a_command_of_another_extra_says_which_one() -> None:
    code = (
        WITHOUT.format(absent=EDGE_LACKS)
        + "from evosplit.cli.main import main; main(['plan', 'x.onnx', '--rtt', '1s'])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 2
    assert "plan needs" in result.stderr
    assert "evosplit[planner]" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("module", "absent"),
    [("evosplit.edge.server", EDGE_LACKS), ("evosplit.cloud.server", ["aiohttp"])],
)
def test_room_imports_with_its_extra_alone(module: str, absent: list[str]) -> None:
    code = WITHOUT.format(absent=absent) + f"import {module}"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
