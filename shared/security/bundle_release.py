"""Signed releases: a cloud's word that a bundle is its present answer to a question (Ed25519, RFC 8032).

A bundle itself is named by its digest and may be handed out again later, so what is signed is a statement
beside it. ``sequence`` grows with every statement of a cloud: an old one, played again, is recognised.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evosplit.shared.errors import BundleError
from evosplit.shared.serial import to_json

FORMAT: Final = 1
_CONTEXT: Final = b"evosplit bundle release 1\n"
"""Before what is signed, so that the key's signature of anything else is none of a release."""


@dataclass(frozen=True)
class Release:
    """Which bundle answers which question. ``asked`` is the sha256 of the bytes of the plan request.

    ``sequence`` is the time of signing, Unix milliseconds, and more where that would not be more than before.
    """

    bundle: str
    model: str
    model_sha256: str
    asked: str
    sequence: int
    format: int = FORMAT


@dataclass(frozen=True)
class SignedRelease:
    """A release and the signature of its canonical JSON, base64."""

    release: Release
    signature: str

    def verify(self, key: Ed25519PublicKey, place: Path) -> None:
        """Raises BundleError for a signature of another key than that of ``place``, or of another release."""
        if self.release.format != FORMAT:
            raise BundleError(f"the release has format {self.release.format}; this version reads {FORMAT}")
        try:
            key.verify(base64.b64decode(self.signature, validate=True), _signed_bytes(self.release))
        except (InvalidSignature, binascii.Error, ValueError):
            raise BundleError(f"the bundle is not signed with the key that is trusted, {place}") from None

    def check(self, digest: str, model: str, model_sha256: str, after: int) -> None:
        """Whether it is for this bundle and model, and newer than sequence ``after``. Raises BundleError."""
        release = self.release
        if (release.bundle, release.model, release.model_sha256) != (digest, model, model_sha256):
            raise BundleError(f"the signature is for another bundle ({release.bundle[:12]})")
        if release.sequence <= after:
            raise BundleError(f"the bundle is stale: release {release.sequence}, and {after} was here before")


def sign_release(release: Release, key: Ed25519PrivateKey) -> SignedRelease:
    """The release with its signature."""
    return SignedRelease(release, base64.b64encode(key.sign(_signed_bytes(release))).decode())


def question_digest(body: bytes) -> str:
    """``asked`` of a plan request's body."""
    return hashlib.sha256(body).hexdigest()


def _signed_bytes(release: Release) -> bytes:
    return _CONTEXT + to_json(release)
