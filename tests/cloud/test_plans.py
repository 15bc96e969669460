"""The plan service: questions answered once, bundles that open, requests that are refused."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cloud_support import Client, app_client

from cloud.planning import Planner
from cloud.plans import PlanAnswer, PlanRequest, PlanService
from cloud.registry import Model, Registry
from planner.problem.limits import Limits
from shared.bundle import Bundle
from shared.errors import ProfileError, UsageError
from shared.plan import PlanTable
from shared.profile import Profile
from shared.profiler import measure_profile
from shared.serial import from_json, to_data, to_json


@dataclass
class FakePlanner:
    """Writes a file of known content; counts its calls."""

    digest: str = "ab" * 32
    calls: list[PlanRequest] = field(default_factory=list)
    alone: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, model: Model, request: PlanRequest, path: Path) -> PlanAnswer:
        assert self.alone.acquire(blocking=False), "two plans at a time"
        self.calls.append(request)
        path.write_bytes(b"bundle")
        self.alone.release()
        return PlanAnswer(self.digest, PlanTable(model.name, model.graph.sha256, request.rtt_s, (), (), None))


@pytest.fixture(scope="module")
def profile(registry: Registry) -> Profile:
    return measure_profile(registry.get("chain").graph, 1, 8.0)


def body_of(profile: Profile, **more: object) -> bytes:
    return json.dumps({"profile": to_data(profile), "rtt_s": 0.02, "limits": {}} | more).encode()


def test_a_question_is_answered_once(registry: Registry, profile: Profile, tmp_path: Path) -> None:
    planner = FakePlanner()
    service = PlanService(tmp_path, planner)
    first = service.plan(registry.get("chain"), body_of(profile))
    assert service.plan(registry.get("chain"), body_of(profile)) == first
    assert PlanService(tmp_path, planner).plan(registry.get("chain"), body_of(profile)) == first
    assert len(planner.calls) == 1
    assert service.bundles.find(first.bundle).read_bytes() == b"bundle"
    service.plan(registry.get("chain"), body_of(profile, rtt_s=0.03))
    service.plan(registry.get("chain"), body_of(profile, limits={"memory_bytes": 10**6}))
    assert [call.limits for call in planner.calls] == [Limits(), Limits(), Limits(memory_bytes=10**6)]


def test_a_lost_bundle_is_made_again(registry: Registry, profile: Profile, tmp_path: Path) -> None:
    planner = FakePlanner()
    service = PlanService(tmp_path, planner)
    answer = service.plan(registry.get("chain"), body_of(profile))
    service.bundles.find(answer.bundle).unlink()
    service.plan(registry.get("chain"), body_of(profile))
    assert len(planner.calls) == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model_sha256": "0" * 64}, "another version of chain"),
        ({"layer_s": (0.1,)}, "has 1 layers"),
    ],
)
def test_a_profile_of_another_model(
    registry: Registry, profile: Profile, tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    service = PlanService(tmp_path, FakePlanner())
    with pytest.raises(ProfileError, match=says):
        service.plan(registry.get("chain"), body_of(replace(profile, **changes)))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"profile": {}}', b'{"profile": null}'])
def test_malformed_requests(registry: Registry, tmp_path: Path, body: bytes) -> None:
    with pytest.raises(ProfileError, match="not a valid PlanRequest"):
        PlanService(tmp_path, FakePlanner()).plan(registry.get("chain"), body)


def test_impossible_limits(registry: Registry, profile: Profile, tmp_path: Path) -> None:
    body = body_of(profile, limits={"memory_bytes": -1})
    service = PlanService(tmp_path, FakePlanner())
    with pytest.raises(UsageError, match="memory"):
        service.plan(registry.get("chain"), body)


def plan_over_http(client: Client, profile: Profile, **more: object) -> tuple[int, dict[str, object]]:
    answer = client.post("/v1/models/chain/plans", body_of(profile, **more))
    return answer.status, answer.json()


def test_from_a_profile_to_a_bundle_that_opens(
    tiny_models: Path, registry: Registry, profile: Profile, tmp_path: Path
) -> None:
    shutil.copytree(tiny_models, tmp_path / "m")
    data = tmp_path / "m" / "data"
    with app_client(tmp_path / "m", Planner(data, 1)) as client:
        status, answer = plan_over_http(client, profile)
        assert status == 200, answer
        got = client.get(f"/v1/bundles/{answer['bundle']}")
    assert got.headers["content-type"] == "application/octet-stream"
    (tmp_path / "bundle").write_bytes(got.body)
    bundle = Bundle.open(tmp_path / "bundle", str(answer["bundle"]))
    assert to_data(bundle.manifest.table) == answer["table"]
    assert bundle.manifest.model_sha256 == registry.get("chain").graph.sha256
    assert bundle.manifest.card is not None
    (kept_profile,) = (data / "profiles").iterdir()
    assert from_json(Profile, kept_profile.read_bytes(), ProfileError).slowdown == 1.0
    assert len(list((data / "errors").iterdir())) == 1


def test_a_limit_that_cannot_be_met_is_named(tiny_models: Path, profile: Profile, tmp_path: Path) -> None:
    shutil.copytree(tiny_models, tmp_path / "m")
    with app_client(tmp_path / "m", Planner(tmp_path / "m" / "data", 1)) as client:
        status, answer = plan_over_http(client, profile, limits={"memory_bytes": 0})
    assert status in (200, 422)
    if status == 422:
        assert "memory" in str(answer["error"])


def test_a_request_is_a_value() -> None:
    assert to_json(Limits()) == to_json(from_json(Limits, b"{}", ProfileError))
