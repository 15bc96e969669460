"""Ed25519 keys (RFC 8032) in PEM files: the private one made on first use, the public one handed out."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evosplit.shared.errors import UsageError


def kept_signing_key(path: Path) -> Ed25519PrivateKey:
    """The private key of a file (mode 0600), made on first use. Raises UsageError."""
    with contextlib.suppress(FileExistsError):
        _store(path)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as problem:
        raise UsageError(f"cannot read the signing key {path}: {problem.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is no private Ed25519 key in PEM")
    return key


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """The public key, PEM."""
    encoding, kind = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, kind)


def read_public_key(content: bytes, place: str) -> Ed25519PublicKey:
    """A public key from PEM. Raises UsageError."""
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{place} is no public Ed25519 key in PEM")
    return key


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the 32 bytes of a public key, hexadecimal."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def _store(path: Path) -> None:
    """Write a new key whole. Raises FileExistsError where one is there, UsageError."""
    content = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(content)
        os.link(partial, path)  # another process may have been first
    except FileExistsError:
        raise
    except OSError as problem:
        raise UsageError(f"cannot write the signing key {path}: {problem.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
