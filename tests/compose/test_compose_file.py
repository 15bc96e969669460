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
OURS = ("setup", "cloud", "worker", "edge")
ONCE = ("setup",)
"""Ends once its work is done."""
SECRETS = re.compile(r"/(secrets|setup/\w+)(:ro)?$")


@pytest.fixture(params=sorted(SERVICES))
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SERVICES[request.param]


def mounted(service: dict[str, Any]) -> dict[str, str]:
    """Volumes and folders by where they are seen."""
    short = [volume for volume in service["volumes"] if isinstance(volume, str)]
    return {place.partition(":")[2]: place.partition(":")[0] for place in short}


def test_runs_as_somebody_without_rights(service: dict[str, Any]) -> None:
    assert int(str(service["user"]).split(":")[0]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_root_file_system_is_read_only(service: dict[str, Any]) -> None:
    assert service["read_only"] is True


def test_has_limits_and_bounded_logs(service: dict[str, Any]) -> None:
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - set(ONCE)))
def test_has_a_health_check_and_starts_again(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_only_front_doors_are_published_and_on_this_machine_unless_told_otherwise() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    doors = {"cloud": 8000, "edge": 9000, "prometheus": 9090, "grafana": 3000}
    assert set(published) == set(doors)
    for name, port in doors.items():
        (place,) = published[name]
        assert place.startswith("${EVOSPLIT_BIND:-127.0.0.1}:")
        assert place.endswith(f":{port}")


def test_secrets_are_files_that_only_their_service_sees_and_nobody_but_setup_writes() -> None:
    for name, service in SERVICES.items():
        if name == "setup":
            continue
        places = {place: volume for place, volume in mounted(service).items() if SECRETS.search(place)}
        assert all(place.endswith(":ro") for place in places)
        assert set(places.values()) <= {f"{name}-secrets"}
        assert not re.search(r"(TOKEN|PASSWORD|SECRET)(?!_FILE|__FILE)\b", str(service.get("environment")))
    assert "authority" in mounted(SERVICES["setup"]).values()
    assert SERVICES["setup"]["network_mode"] == "none"


def test_both_tiers_speak_tls() -> None:
    for name in ("cloud", "edge"):
        assert {"--tls-cert=/secrets/tls.pem", "--tls-key=/secrets/tls.key"} <= set(SERVICES[name]["command"])
    assert {"--cloud=https://cloud:8000", "--cloud-ca=/secrets/ca.pem"} <= set(SERVICES["edge"]["command"])


def test_other_peoples_services_are_behind_profiles() -> None:
    assert {name for name, service in SERVICES.items() if not service.get("profiles")} == set(OURS)


def test_what_containers_say_to_each_other_stays_inside() -> None:
    inside = {name for name, network in STACK["networks"].items() if network}
    assert inside == {"tier", "nodes", "metrics"}
    assert all(STACK["networks"][name]["internal"] for name in inside)
    assert not {"worker", "database"} & {
        name for name, service in SERVICES.items() if "tier" in service.get("networks", ())
    }


@pytest.mark.parametrize("name", ["cloud", "edge"])
def test_dockerfile(name: str) -> None:
    lines = (FOLDER / f"{name}.Dockerfile").read_text("utf-8").splitlines()
    assert not [line for line in lines if line.startswith("# syntax=")]
    bases = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert set(bases) == {"python:3.11-slim"}
    assert "USER evosplit" in lines
    installs = [line for line in lines if "pip install" in line]
    assert all("--constraint constraints.txt" in line or "--no-deps" in line for line in installs)
    assert not any(re.search(r"https?://|index-url", line) for line in lines)


def test_volumes_belong_to_the_user_of_the_services() -> None:
    """An empty volume takes its owner from the folder of the image."""
    text = (FOLDER / "cloud.Dockerfile").read_text("utf-8")
    places = [place for place in mounted(SERVICES["setup"]) if place.startswith("/setup/")]
    (made,) = re.findall(r"for volume in (.+); do", text)
    assert sorted(place.removeprefix("/setup/") for place in places) == sorted(made.split())
