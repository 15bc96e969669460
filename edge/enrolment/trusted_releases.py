"""Verification of releases: whose key is trusted here, and which sequence was seen last.

The key is given (`--bundle-key`), or the first one that the cloud shows is kept, as SSH keeps a host's. Once
a key is known, a bundle without its signature is refused.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import BundleError, NotFoundError, UsageError
from evosplit.shared.json_cache import read_kept
from evosplit.shared.security.audit_log import AuditLog, audit_file
from evosplit.shared.security.bundle_release import SignedRelease
from evosplit.shared.security.signing_key import fingerprint, read_public_key
from evosplit.shared.serial import to_json

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Last:
    """The last release that was accepted: its key, and its sequence."""

    key: str
    sequence: int


class TrustedReleases:
    """What one agent accepts. Files lie in the model's folder."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._is_given = settings.bundle_key is not None
        self._place: Path = settings.bundle_key or settings.cloud_folder / "cloud-key.pem"
        self._last = settings.cloud_folder / "release.json"
        self._model = settings.model
        self._audit = AuditLog(audit_file(settings.data))

    async def accept(
        self, cloud: PlannerClient, signed: SignedRelease | None, digest: str, sha256: str, asked: str
    ) -> None:
        """Verify that a bundle is what the cloud answers now. Raises BundleError, UsageError, OSError.

        Also what `PlannerClient.signing_key` raises, when the cloud's key is asked for at first. Recorded.
        """
        what = f"bundle {digest[:12]}"
        try:
            await self._accept(cloud, signed, digest, sha256, asked)
        except BundleError as refused:
            await asyncio.to_thread(self._audit.write, "cloud", what, str(refused))
            raise
        await asyncio.to_thread(self._audit.write, "cloud", what, "accepted" if signed else "not signed")

    async def _accept(
        self, cloud: PlannerClient, signed: SignedRelease | None, digest: str, sha256: str, asked: str
    ) -> None:
        known = await asyncio.to_thread(self._known_key)
        if signed is None:
            if known is not None:
                raise BundleError(f"the cloud's bundle is not signed, and {self._place} says it is")
            _log.warning("this cloud does not sign its bundles")
            return
        content = await _shown_key(cloud) if known is None else b""
        key = known or read_public_key(content, "what the cloud shows")
        signed.verify(key, self._place)
        signed.check(digest, self._model, sha256, await asyncio.to_thread(self._read_last, key))
        if signed.release.asked != asked:
            raise BundleError("the signed bundle answers another question")
        await asyncio.to_thread(self._keep, key, signed.release.sequence, content)

    def check_kept(self, signed: SignedRelease | None, digest: str) -> None:
        """A bundle from the disk, at a start. Raises BundleError, UsageError."""
        key = self._known_key()
        if key is None:
            return
        if signed is None or signed.release.bundle != digest:
            raise BundleError("the bundle that is kept here is not signed")
        signed.verify(key, self._place)

    def _known_key(self) -> Ed25519PublicKey | None:
        try:
            return read_public_key(self._place.read_bytes(), str(self._place))
        except OSError as problem:
            if isinstance(problem, FileNotFoundError) and not self._is_given:
                return None
            raise UsageError(f"cannot read the key {self._place}: {problem.strerror}") from None

    def _keep(self, key: Ed25519PublicKey, sequence: int, first_key: bytes) -> None:
        """Remember what was accepted, and the cloud's key where it is the first."""
        if first_key:
            write_whole(self._place, first_key, durable=True)
            _log.info("the cloud's key is trusted from now on: %s", fingerprint(key)[:16])
        write_whole(self._last, to_json(_Last(fingerprint(key), sequence)), durable=True)

    def _read_last(self, key: Ed25519PublicKey) -> int:
        """The last sequence of a key; another key begins anew."""
        last = read_kept(_Last, self._last)
        return last.sequence if last is not None and last.key == fingerprint(key) else 0


async def _shown_key(cloud: PlannerClient) -> bytes:
    try:
        return await cloud.signing_key()
    except NotFoundError:
        raise BundleError("the cloud signs its bundles but has no key to show") from None
