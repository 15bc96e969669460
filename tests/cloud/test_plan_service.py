"""The plan service: questions answered once, bundles that open, requests that are refused."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from cloud_support import Client, app_client

from evosplit.cloud.plan_service import PlanAnswer, PlanRequest, PlanService
from evosplit.cloud.planning import Planner
from evosplit.cloud.registry import Model, Registry, load_model
from evosplit.cloud.storage.store import StorePlaces
from evosplit.planner.problem.limits import Limits
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import ProfileError, UsageError
from evosplit.shared.plan import PlanTable
from evosplit.shared.profile import Profile
from evosplit.shared.profiler import measure_profile
from evosplit.shared.replan import choices
from evosplit.shared.serial import from_json, to_data, to_json
from evosplit.shared.storage.file_objects import FileObjects


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
    service = PlanService(StorePlaces(tmp_path).open(), planner)
    first = service.plan(registry.get("chain"), body_of(profile))
    assert service.plan(registry.get("chain"), body_of(profile)) == first
    assert (
        PlanService(StorePlaces(tmp_path).open(), planner).plan(registry.get("chain"), body_of(profile))
        == first
    )
    assert len(planner.calls) == 1
    assert service.bundles.find(first.bundle).read_bytes() == b"bundle"
    service.plan(registry.get("chain"), body_of(profile, rtt_s=0.03))
    service.plan(registry.get("chain"), body_of(profile, limits={"memory_bytes": 10**6}))
    assert [call.limits for call in planner.calls] == [Limits(), Limits(), Limits(memory_bytes=10**6)]


def test_a_lost_bundle_is_made_again(registry: Registry, profile: Profile, tmp_path: Path) -> None:
    planner = FakePlanner()
    service = PlanService(StorePlaces(tmp_path).open(), planner)
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
    service = PlanService(StorePlaces(tmp_path).open(), FakePlanner())
    with pytest.raises(ProfileError, match=says):
        service.plan(registry.get("chain"), body_of(replace(profile, **changes)))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"profile": {}}', b'{"profile": null}'])
def test_malformed_requests(registry: Registry, tmp_path: Path, body: bytes) -> None:
    with pytest.raises(ProfileError, match="not a valid PlanRequest"):
        PlanService(StorePlaces(tmp_path).open(), FakePlanner()).plan(registry.get("chain"), body)


def test_impossible_limits(registry: Registry, profile: Profile, tmp_path: Path) -> None:
    body = body_of(profile, limits={"memory_bytes": -1})
    service = PlanService(StorePlaces(tmp_path).open(), FakePlanner())
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
    with app_client(tmp_path / "m", Planner(FileObjects(data), 1)) as client:
        status, answer = plan_over_http(client, profile)
        assert status == 200, answer
        got = client.get(f"/v1/bundles/{answer['bundle']}")
    assert got.headers["content-type"] == "application/octet-stream"
    (tmp_path / "bundle").write_bytes(got.body)
    bundle = Bundle.open(tmp_path / "bundle", str(answer["bundle"]))
    assert to_data(bundle.manifest.table) == answer["table"]
    assert bundle.manifest.model_sha256 == registry.get("chain").graph.sha256
    assert bundle.manifest.card is not None
    (kept_profile,) = (data / "profile").iterdir()
    assert from_json(Profile, kept_profile.read_bytes(), ProfileError).slowdown == 1.0
    assert bundle.manifest.calibration == "none"
    assert bundle.manifest.max_drop == 0.01
    assert not (data / "errors").exists(), "nothing was measured on noise"


def test_without_inputs_nothing_is_quantised_but_what_is_sent(
    tiny_models: Path, registry: Registry, profile: Profile, tmp_path: Path
) -> None:
    """Float heads; each frame's own range on the wire, bytes as they are packed; raw pixels of pictures."""
    planner, model = Planner(FileObjects(tmp_path / "data"), 1), registry.get("chain")
    able = replace(profile, picture_s={"raw8": 0.0, "png": 0.0, "jpeg-30": 0.0}, prepare_s=0.5)
    able = replace(able, layer_s=(1.0,) * len(profile.layer_s), head_s={})
    plans = choices(planner(model, PlanRequest(able, 0.001), tmp_path / "b").table)
    codes = [code for plan in plans for code in plan.wire.values()]
    heads = [(*plan.weight_bits.values(), *plan.activation_bits.values()) for plan in plans]
    assert {bits for head in heads for bits in head} == {32}
    assert all(code.bits >= 8 and code.low is None for code in codes)
    assert {code.codec for code in codes} & {"raw8"}
    assert not any(str(code.codec).startswith(("png", "jpeg")) for code in codes)
    assert all(plan.wire_bytes >= 3 * 16 * 16 for plan in plans if plan.cut_key == "0")
    strict = choices(planner(model, PlanRequest(able, 0.001, max_drop=0.005), tmp_path / "s").table)
    assert all(code.bits == 32 or code.codec == "raw8" for plan in strict for code in plan.wire.values())


def test_an_edge_is_offered_what_it_measured(
    tiny_models: Path, registry: Registry, profile: Profile, tmp_path: Path
) -> None:
    """Pictures that it can make, when preparing is slow; and nothing of the kind to one that said nothing."""
    shutil.copytree(tiny_models, tmp_path / "m")
    planner, model = (
        Planner(FileObjects(tmp_path / "m" / "data"), 1),
        load_model(tmp_path / "m" / "chain.onnx", {}),
    )
    pictures = np.random.default_rng(0).random((24, 3, 16, 16)).astype(np.float32)
    np.savez(tmp_path / "m" / "chain.calibration.npz", x=pictures)
    slow = replace(profile, layer_s=(1.0,) * len(profile.layer_s), head_s={}, prepare_s=0.5, pack_s=0.1)
    able = replace(slow, picture_s={"png": 1e-4, "jpeg-90": 1e-4}, plain_s_per_byte=(1e-9, 1e-9))
    table = planner(model, PlanRequest(able, 0.01), tmp_path / "able").table
    sent = {code.codec for plan in table.plans for code in plan.wire.values()}
    assert sent & {"png", "jpeg-90"}
    assert not sent - {"png", "jpeg-90", "none", None}
    old = planner(model, PlanRequest(slow, 0.01), tmp_path / "old").table
    assert all(code.codec in (None, "none") for plan in old.plans for code in plan.wire.values())
    assert table.plans[-1].latency.total_s < old.plans[-1].latency.total_s - 0.5


def test_a_drop_judges_the_table(tiny_models: Path, profile: Profile, tmp_path: Path) -> None:
    shutil.copytree(tiny_models, tmp_path / "m")
    rng = np.random.default_rng(0)
    pictures = rng.normal(size=(24, 3, 16, 16)).astype(np.float32)
    np.savez(tmp_path / "m" / "chain.calibration.npz", x=pictures)
    with app_client(tmp_path / "m", Planner(FileObjects(tmp_path / "m" / "data"), 1)) as client:
        strict = plan_over_http(client, profile, max_drop=0.0)
        loose = plan_over_http(client, profile, max_drop=0.9)
        status, refusal = plan_over_http(client, profile, max_drop=1.5)
    assert (strict[0], loose[0]) == (200, 200), (strict, loose)
    worst = [max(plan["error"] for plan in answer["table"]["plans"]) for _, answer in (strict, loose)]  # type: ignore[index]
    assert worst[0] <= worst[1]
    assert status == 400
    assert "from 0 up to 100 points" in str(refusal["error"])


def test_a_limit_that_cannot_be_met_is_named(tiny_models: Path, profile: Profile, tmp_path: Path) -> None:
    shutil.copytree(tiny_models, tmp_path / "m")
    with app_client(tmp_path / "m", Planner(FileObjects(tmp_path / "m" / "data"), 1)) as client:
        status, answer = plan_over_http(client, profile, limits={"memory_bytes": 0})
    assert status in (200, 422)
    if status == 422:
        assert "memory" in str(answer["error"])


def test_a_request_is_a_value() -> None:
    assert to_json(Limits()) == to_json(from_json(Limits, b"{}", ProfileError))
