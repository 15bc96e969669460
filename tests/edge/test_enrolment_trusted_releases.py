"""Signed bundles: whose are taken, and which are refused, each in one line."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from fake_cloud import TOKEN, FakeCloud
from net_bundle import load_net, make_table, net_card, write_net_bundle

from evosplit.cloud.bundle_signer import BundleSigner
from evosplit.edge.enrolment.enrol import enrol
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import BundleError, UsageError

pytestmark = pytest.mark.usefixtures("measured_here")


@dataclasses.dataclass
class Scene:
    cloud: FakeCloud
    server: TestServer
    settings: EdgeSettings
    session: aiohttp.ClientSession

    async def enrol(self, error: float | None = None, **changes: object) -> Bundle:
        """Another ``error`` asks for another bundle."""
        settings = self.settings.changed(max_error=error, **changes)
        client = PlannerClient(self.session, settings.cloud_url, settings.model, settings.token)
        return await enrol(settings, client, retry_s=0.02)

    async def is_refused(self, line: str, **changes: object) -> None:
        with pytest.raises(BundleError, match=line) as refused:
            await self.enrol(0.25, **changes)
        assert "\n" not in str(refused.value)


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    graph = load_net(tmp_path)
    path = tmp_path / "net.evb"
    digest = write_net_bundle(graph, path, make_table(graph), net_card(graph))
    cloud = FakeCloud(graph, net_card(graph), path, digest, signer=BundleSigner(tmp_path / "cloud"))
    server = TestServer(cloud.app())
    await server.start_server()
    url = str(server.make_url(""))
    settings = EdgeSettings(cloud_url=url, model="net", data=tmp_path / "data", token=TOKEN, enrol_wait_s=0.1)
    async with cloud_session() as session:
        yield Scene(cloud, server, settings, session)
    await server.close()


async def test_the_first_key_is_trusted_and_kept(scene: Scene) -> None:
    await scene.enrol()
    assert scene.cloud.signer is not None
    kept = scene.settings.folder / "cloud-key.pem"
    assert kept.read_bytes() == scene.cloud.signer.public_key
    await scene.enrol(0.5)
    assert scene.cloud.calls.count("/v1/models/net/plans") == 2
    await scene.server.close()
    await scene.enrol(0.5)


async def test_another_key_is_refused(scene: Scene, tmp_path: Path) -> None:
    await scene.enrol()
    scene.cloud.signer = BundleSigner(tmp_path / "other")
    await scene.is_refused(r"^the bundle is not signed with the key that is trusted, .*cloud-key.pem$")


async def test_a_given_key_is_trusted_alone(scene: Scene, tmp_path: Path) -> None:
    given, other = tmp_path / "given.pem", tmp_path / "other.pem"
    assert scene.cloud.signer is not None
    given.write_bytes(scene.cloud.signer.public_key)
    other.write_bytes(BundleSigner(tmp_path / "other").public_key)
    await scene.is_refused(r"trusted, .*other.pem$", bundle_key=other)
    await scene.enrol(bundle_key=given)
    assert not (scene.settings.folder / "cloud-key.pem").exists()
    with pytest.raises(UsageError, match=r"cannot read the key .*gone: No such file"):
        await scene.enrol(0.5, bundle_key=tmp_path / "gone")
    given.write_text("no key")
    with pytest.raises(UsageError, match="is no public Ed25519 key in PEM"):
        await scene.enrol(0.5, bundle_key=given)


async def test_an_unsigned_bundle_is_refused_once_a_key_is_known(scene: Scene) -> None:
    await scene.enrol()
    scene.cloud.signer = None
    scene.cloud.releases.clear()
    await scene.is_refused(r"^the cloud's bundle is not signed, and .*cloud-key.pem says it is$")


async def test_a_cloud_that_does_not_sign_is_taken_as_before(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.cloud.signer = None
    await scene.enrol()
    assert "this cloud does not sign its bundles" in caplog.text
    await scene.server.close()
    await scene.enrol()


async def test_a_stale_release_is_refused(scene: Scene) -> None:
    """The first answer to the same question, played again; the bundle in it is a valid one."""
    await scene.enrol()
    await scene.enrol(0.5)
    scene.cloud.shown_release = 0
    await scene.is_refused(r"^the bundle is stale: release \d+, and \d+ was here before$")


async def test_the_answer_to_another_question_is_refused(scene: Scene, tmp_path: Path) -> None:
    """A fresh release that the cloud made for another device."""
    await scene.enrol()
    other = scene.settings.changed(data=tmp_path / "another-device", max_error=0.125)
    client = PlannerClient(scene.session, other.cloud_url, "net", TOKEN)
    planned = await client.plan({"another": "device"})
    assert planned.release is not None
    scene.cloud.shown_release = len(scene.cloud.releases) - 1
    await scene.is_refused(r"^the signed bundle answers another question$")


async def test_a_tampered_bundle_is_refused(scene: Scene) -> None:
    assert scene.cloud.bundle is not None
    content = bytearray(scene.cloud.bundle.read_bytes())
    content[len(content) // 2] ^= 1
    scene.cloud.bundle.write_bytes(content)
    await scene.is_refused("does not match|cannot read|is bundle")
    assert not list(scene.settings.folder.glob("bundle-*"))


@pytest.mark.parametrize("field", ["bundle", "model", "model_sha256", "asked", "sequence"])
async def test_a_tampered_release_is_refused(scene: Scene, field: str) -> None:
    await scene.enrol()
    await scene.enrol(0.5)
    forged = scene.cloud.releases[-1]
    forged["release"] |= {field: 2**53 if field == "sequence" else "0" * 64}
    scene.cloud.signer = None
    await scene.is_refused(r"^the bundle is not signed with the key that is trusted")


async def test_what_is_kept_is_verified_again_at_a_start(scene: Scene) -> None:
    """A note without its signature: the bundle is asked for again, and without a cloud it is not used."""
    await scene.enrol()
    note = scene.settings.folder / "enrolment.json"
    note.write_text(note.read_text().replace('"signature":"', '"signature":"AAAA'))
    await scene.enrol()
    assert scene.cloud.calls.count("/v1/models/net/plans") == 2
    note.write_text(note.read_text().replace('"signature":"', '"signature":"AAAA'))
    await scene.server.close()
    with pytest.raises(Exception, match="the first start needs it"):
        await scene.enrol()
