"""The first start: measured, planned for, verified, kept; and the next one without a cloud."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from edge_support import until
from enrolment_support import Scene, enrolment_scene
from net_bundle import load_net, make_table, write_net_bundle

from evosplit.edge.backends.int8 import timed_integers
from evosplit.edge.telemetry.savings_record import KeptExpectation
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.shared.errors import (
    AuthError,
    BundleError,
    CloudRefusedError,
    CloudUnavailableError,
    NotFoundError,
    ProfileError,
)
from evosplit.shared.expectation import NOTHING_SPARED, ExitShare, Expectation
from evosplit.shared.json_cache import write_kept
from evosplit.shared.measurement_store import measurements_in
from evosplit.shared.profile import Profile
from evosplit.shared.serial import from_data


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with enrolment_scene(tmp_path) as made:
        yield made


async def test_first_start_measures_and_the_next_needs_no_cloud(scene: Scene) -> None:
    bundle = await scene.enrol(memory_bytes=10**7, slowdown=2.0)
    assert bundle.digest == scene.cloud.digest
    (request,) = scene.cloud.plan_requests
    profile = from_data(Profile, request["profile"], ProfileError)
    assert profile.model_sha256 == scene.cloud.graph.sha256
    assert profile.slowdown == 2.0
    assert len(profile.layer_s) == len(scene.cloud.graph.layers)
    assert min(profile.head_s[len(profile.layer_s)], profile.encode_s_per_byte) > 0
    kept = DeviceProfiler(measurements_in(scene.settings.folder), 1, timed_integers)
    assert kept.known(profile.model_sha256, None, 2.0) == profile, "under the keys of all who measure"
    assert request["limits"] == {"memory_bytes": 10**7, "max_error": None}
    assert 0 < request["rtt_s"] < 1
    await scene.server.close()
    scene.cloud.calls.clear()
    again = await scene.enrol(memory_bytes=10**7, slowdown=2.0)
    assert again.digest == bundle.digest
    assert scene.cloud.calls == []


async def test_other_limits_are_planned_anew_without_measuring_again(scene: Scene) -> None:
    await scene.enrol()
    await scene.enrol(max_error=0.5)
    assert [request["limits"]["max_error"] for request in scene.cloud.plan_requests] == [None, 0.5]
    assert sum(call.endswith("skeleton") for call in scene.cloud.calls) == 1


@pytest.mark.usefixtures("measured_here")
async def test_a_damaged_bundle_is_fetched_again_or_refused(scene: Scene) -> None:
    bundle = await scene.enrol()
    content = bytearray(bundle.path.read_bytes())
    content[len(content) // 2] ^= 1
    bundle.path.write_bytes(content)
    assert (await scene.enrol()).digest == bundle.digest
    bundle.path.write_bytes(content)
    await scene.server.close()
    with pytest.raises(CloudUnavailableError, match="first start"):
        await scene.enrol()


@pytest.mark.usefixtures("measured_here")
async def test_a_bundle_with_another_digest_is_refused(scene: Scene) -> None:
    scene.cloud.digest = "0" * 64
    with pytest.raises(BundleError):
        await scene.enrol()
    assert not list(scene.settings.folder.glob("bundle-*"))


@pytest.mark.usefixtures("measured_here")
async def test_a_bundle_of_another_model_is_refused(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    other = load_net(tmp_path / "b", "other")
    assert scene.cloud.bundle is not None
    scene.cloud.digest = write_net_bundle(other, scene.cloud.bundle, make_table(other), None)
    with pytest.raises(BundleError, match="other"):
        await scene.enrol()


async def test_what_the_cloud_may_say_instead(scene: Scene) -> None:
    with pytest.raises(AuthError):
        await scene.enrol(token="wrong")
    with pytest.raises(NotFoundError):
        await scene.enrol(model="nobody")
    with pytest.raises(NotFoundError, match="/v2, the address has no path"):
        await scene.enrol(cloud_url=f"{scene.settings.cloud_url[0]}/v2/")
    with pytest.raises(CloudUnavailableError, match="away"):
        await scene.enrol(cloud_url="http://127.0.0.1:9")


@pytest.mark.usefixtures("measured_here")
async def test_a_login_page_is_waited_for_as_a_cloud_that_is_away(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.cloud.page = (200, "text/html", b"<html>please log in</html>")
    with pytest.raises(CloudUnavailableError, match="200 text/html is no answer of an EvoSplit cloud"):
        await scene.enrol()
    caplog.clear()
    waiting = asyncio.create_task(scene.enrol(enrol_wait_s=60.0))
    asked = len(scene.cloud.ports)
    await until(lambda: len(scene.cloud.ports) >= asked + 5)
    assert len([line for line in caplog.messages if "waiting for the cloud" in line]) == 1
    assert len(set(scene.cloud.ports)) == len(scene.cloud.ports)
    scene.cloud.page = None
    assert (await waiting).digest == scene.cloud.digest


@pytest.mark.usefixtures("measured_here")
async def test_a_cloud_that_is_starting_is_waited_for_and_one_that_refuses_is_not(scene: Scene) -> None:
    scene.cloud.page = (503, "application/json", b'{"error": "no replica is ready; try again"}')
    waiting = asyncio.create_task(scene.enrol(enrol_wait_s=60.0))
    await until(lambda: len(scene.cloud.ports) >= 2)
    scene.cloud.page = None
    assert (await waiting).digest == scene.cloud.digest
    scene.cloud.page = (500, "application/json", b'{"error": "broken"}')
    with pytest.raises(CloudRefusedError, match="500"):
        await scene.enrol(enrol_wait_s=60.0, data=scene.settings.data / "other")


@pytest.mark.parametrize("page", [(302, "text/html", b""), (200, "application/json", b'{"login": true}')])
async def test_a_redirect_is_not_followed_and_other_json_is_not_taken(
    scene: Scene, page: tuple[int, str, bytes]
) -> None:
    scene.cloud.page = page
    with pytest.raises(CloudUnavailableError, match="no answer of an EvoSplit cloud"):
        await scene.enrol()
    assert "/login" not in scene.cloud.calls


def expect(scene: Scene, model_sha256: str, expected: Expectation) -> None:
    scene.settings.folder.mkdir(parents=True, exist_ok=True)
    write_kept(scene.settings.folder / "expectation.json", KeptExpectation(model_sha256, expected))


def asked_for(scene: Scene) -> list[Expectation]:
    return [
        from_data(Expectation, request["expectation"], ProfileError) for request in scene.cloud.plan_requests
    ]


@pytest.mark.usefixtures("measured_here")
async def test_a_new_bundle_counts_on_what_hooks_have_spared(scene: Scene) -> None:
    """Where another one is wanted for another reason; a start with a bundle that fits asks nobody."""
    await scene.enrol()
    much = Expectation((ExitShare("x", 0.5, 0.001),), {"c": 0.5}, 0.3)
    expect(scene, scene.cloud.graph.sha256, much)
    await scene.enrol()
    await scene.enrol(max_error=0.5)
    assert asked_for(scene) == [NOTHING_SPARED, much]


@pytest.mark.usefixtures("measured_here")
async def test_what_was_expected_of_another_model_is_not_asked_about(scene: Scene) -> None:
    expect(scene, "0" * 64, Expectation(wire_share=0.3))
    await scene.enrol()
    assert asked_for(scene) == [NOTHING_SPARED]


@pytest.mark.usefixtures("measured_here")
async def test_inputs_that_stay_here_are_planned_for_from_the_first_start_on(scene: Scene) -> None:
    """And a bundle whose plans would send them all the same is refused."""
    for settings in ({"private": True}, {"min_depth": 3}):
        with pytest.raises(BundleError, match="is to stay here"):
            await scene.enrol(**settings)
    depths = [request["limits"].get("min_depth") for request in scene.cloud.plan_requests]
    assert depths == [1, 3]
