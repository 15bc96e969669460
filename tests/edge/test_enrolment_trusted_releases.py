"""Signed bundles: whose are taken, and which are refused, each in one line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from enrolment_support import Scene, enrolment_scene
from fake_cloud import TOKEN

from evosplit.cloud.bundle_signer import BundleSigner
from evosplit.cloud.storage.store import StorePlaces
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import BundleError, UsageError

pytestmark = pytest.mark.usefixtures("measured_here")


def signer_in(data: Path) -> BundleSigner:
    return BundleSigner(data, StorePlaces(data).open().records)


class SignedScene(Scene):
    async def enrol(self, error: float | None = None, **changes: object) -> Bundle:
        """Another ``error`` asks for another bundle."""
        return await super().enrol(max_error=error, **changes)

    async def is_refused(self, line: str, **changes: object) -> None:
        with pytest.raises(BundleError, match=line) as refused:
            await self.enrol(0.25, **changes)
        assert "\n" not in str(refused.value)


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[SignedScene]:
    async with enrolment_scene(tmp_path, signer_in(tmp_path / "cloud")) as made:
        yield SignedScene(made.cloud, made.server, made.settings, made.session)


async def test_the_first_key_is_trusted_and_kept(scene: SignedScene) -> None:
    await scene.enrol()
    assert scene.cloud.signer is not None
    kept = scene.settings.folder / "cloud-key.pem"
    assert kept.read_bytes() == scene.cloud.signer.public_key
    await scene.enrol(0.5)
    assert scene.cloud.calls.count("/v1/models/net/plans") == 2
    await scene.server.close()
    await scene.enrol(0.5)


async def test_another_key_is_refused(scene: SignedScene, tmp_path: Path) -> None:
    await scene.enrol()
    scene.cloud.signer = signer_in(tmp_path / "other")
    await scene.is_refused(r"^the bundle is not signed with the key that is trusted, .*cloud-key.pem$")


async def test_a_given_key_is_trusted_alone(scene: SignedScene, tmp_path: Path) -> None:
    given, other = tmp_path / "given.pem", tmp_path / "other.pem"
    assert scene.cloud.signer is not None
    given.write_bytes(scene.cloud.signer.public_key)
    other.write_bytes(signer_in(tmp_path / "other").public_key)
    await scene.is_refused(r"trusted, .*other.pem$", bundle_key=other)
    await scene.enrol(bundle_key=given)
    assert not (scene.settings.folder / "cloud-key.pem").exists()
    with pytest.raises(UsageError, match=r"cannot read the key .*gone: No such file"):
        await scene.enrol(0.5, bundle_key=tmp_path / "gone")
    given.write_text("no key")
    with pytest.raises(UsageError, match="is no public Ed25519 key in PEM"):
        await scene.enrol(0.5, bundle_key=given)


async def test_an_unsigned_bundle_is_refused_once_a_key_is_known(scene: SignedScene) -> None:
    await scene.enrol()
    scene.cloud.signer = None
    scene.cloud.releases.clear()
    await scene.is_refused(r"^the cloud's bundle is not signed, and .*cloud-key.pem says it is$")


async def test_a_cloud_that_does_not_sign_is_taken_as_before(
    scene: SignedScene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.cloud.signer = None
    await scene.enrol()
    assert "this cloud does not sign its bundles" in caplog.text
    await scene.server.close()
    await scene.enrol()


async def test_a_stale_release_is_refused(scene: SignedScene) -> None:
    """The first answer to the same question, played again; the bundle in it is a valid one."""
    await scene.enrol()
    await scene.enrol(0.5)
    scene.cloud.shown_release = 0
    await scene.is_refused(r"^the bundle is stale: release \d+, and \d+ was here before$")


async def test_the_answer_to_another_question_is_refused(scene: SignedScene, tmp_path: Path) -> None:
    """A fresh release that the cloud made for another device."""
    await scene.enrol()
    other = scene.settings.changed(data=tmp_path / "another-device", max_error=0.125)
    client = PlannerClient(scene.session, other.cloud_url[0], "net", TOKEN)
    planned = await client.plan({"another": "device"})
    assert planned.release is not None
    scene.cloud.shown_release = len(scene.cloud.releases) - 1
    await scene.is_refused(r"^the signed bundle answers another question$")


async def test_a_tampered_bundle_is_refused(scene: SignedScene) -> None:
    assert scene.cloud.bundle is not None
    content = bytearray(scene.cloud.bundle.read_bytes())
    content[len(content) // 2] ^= 1
    scene.cloud.bundle.write_bytes(content)
    await scene.is_refused("does not match|cannot read|is bundle")
    assert not list(scene.settings.folder.glob("bundle-*"))


@pytest.mark.parametrize("field", ["bundle", "model", "model_sha256", "asked", "sequence"])
async def test_a_tampered_release_is_refused(scene: SignedScene, field: str) -> None:
    await scene.enrol()
    await scene.enrol(0.5)
    forged = scene.cloud.releases[-1]
    forged["release"] |= {field: 2**53 if field == "sequence" else "0" * 64}
    scene.cloud.signer = None
    await scene.is_refused(r"^the bundle is not signed with the key that is trusted")


async def test_what_is_kept_is_verified_again_at_a_start(scene: SignedScene) -> None:
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
