"""What must hold for every service of the stack, read from the file itself: no engine needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "compose"
STACK: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
OURS = ("cloud", "edge")


@pytest.fixture(params=sorted(SERVICES))
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SERVICES[request.param]


def test_runs_as_somebody_without_rights(service: dict[str, Any]) -> None:
    assert int(str(service["user"]).split(":")[0]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_root_file_system_is_read_only(service: dict[str, Any]) -> None:
    assert service["read_only"] is True


def test_has_a_health_check_limits_and_a_restart_policy(service: dict[str, Any]) -> None:
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["restart"] == "unless-stopped"


def test_publishes_the_front_door_only_and_on_this_machine_unless_told_otherwise() -> None:
    for name, port in (("cloud", 8000), ("edge", 9000)):
        (published,) = SERVICES[name]["ports"]
        assert published.startswith("${EVOSPLIT_BIND:-127.0.0.1}:")
        assert published.endswith(f":{port}")


def test_token_is_a_secret_and_not_in_the_environment() -> None:
    for name in OURS:
        assert SERVICES[name]["secrets"] == ["token"]
        assert "--token-file=/run/secrets/token" in SERVICES[name]["command"]
        assert "environment" not in SERVICES[name]


def test_other_peoples_services_are_behind_profiles() -> None:
    assert {name for name, service in SERVICES.items() if not service.get("profiles")} == set(OURS)


def test_what_containers_say_to_each_other_stays_inside() -> None:
    assert STACK["networks"]["tier"]["internal"] is True


@pytest.mark.parametrize("name", OURS)
def test_dockerfile(name: str) -> None:
    lines = (FOLDER / f"{name}.Dockerfile").read_text("utf-8").splitlines()
    assert not [line for line in lines if line.startswith("# syntax=")]
    bases = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert set(bases) == {"python:3.11-slim"}
    assert "USER evosplit" in lines
    installs = [line for line in lines if "pip install" in line]
    assert all("--constraint constraints.txt" in line or "--no-deps" in line for line in installs)
    assert not any(re.search(r"https?://|index-url", line) for line in lines)
