"""TLS contexts of servers and clients (version 1.2 or newer), from PEM files."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.shared.errors import UsageError

CA_VARIABLE: Final = "EVOSPLIT_CA_FILE"


@dataclass(frozen=True)
class ServerFiles:
    """Certificate (chain) and key of a server; with ``client_ca``, clients need certificates, too."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files."""
        return tuple(path for path in (self.certificate, self.key, self.client_ca) if path is not None)

    def context(self) -> ssl.SSLContext:
        """The context of the files as they are now. Raises UsageError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _load_chain(context, self.certificate, self.key)
        if self.client_ca is not None:
            _load_authority(context, self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@dataclass(frozen=True)
class ClientFiles:
    """The authority of servers (None: those of the system), and a client's own certificate."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files."""
        return tuple(path for path in (self.ca, self.certificate, self.key) if path is not None)

    def context(self) -> ssl.SSLContext:
        """The context of the files as they are now. Raises UsageError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca is None:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        else:
            _load_authority(context, self.ca)
        if self.certificate is not None and self.key is not None:
            _load_chain(context, self.certificate, self.key)
        return context


def server_files(
    certificate: Path | None, key: Path | None, client_ca: Path | None = None
) -> ServerFiles | None:
    """The files of a server's options; None where there are none. Raises UsageError for half of them."""
    if certificate is None and key is None and client_ca is None:
        return None
    if certificate is None or key is None:
        raise UsageError("TLS needs both --tls-cert and --tls-key")
    return ServerFiles(certificate, key, client_ca)


def client_files(
    ca: Path | str | None,
    certificate: tuple[Path | str, Path | str] | None,
    environment: Mapping[str, str] = os.environ,
) -> ClientFiles:
    """The files of a client; the authority of ``EVOSPLIT_CA_FILE`` unless one is given."""
    authority = ca or environment.get(CA_VARIABLE)
    own = (None, None) if certificate is None else tuple(Path(path) for path in certificate)
    return ClientFiles(Path(authority) if authority else None, *own)


def failure_reason(broken: Exception) -> str:
    """One line of why a connection failed; of certificates the reason alone."""
    refused = getattr(broken, "certificate_error", broken)
    if isinstance(refused, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {refused.verify_message}"
    cause = getattr(broken, "os_error", broken)
    if isinstance(cause, ssl.SSLError) and cause.reason:
        return f"TLS failed: {cause.reason.lower().replace('_', ' ')}"
    if isinstance(cause, OSError) and cause.errno and cause.strerror:
        return (os.strerror(cause.errno) if cause.errno > 0 else cause.strerror).lower()
    return " ".join(str(broken).split()) or type(broken).__name__


def _load_chain(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except (OSError, ValueError) as problem:
        raise UsageError(f"cannot use the certificate {certificate} with {key}: {_said(problem)}") from None


def _load_authority(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except OSError as problem:
        raise UsageError(f"cannot use the authority {path}: {_said(problem)}") from None


def _said(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLError):
        return (problem.reason or "not PEM").lower().replace("_", " ")
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)


def _refuse_password() -> str:
    raise ValueError("the key is encrypted")
