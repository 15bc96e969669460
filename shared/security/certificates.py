"""X.509 certificates (RFC 5280) of a private authority: its own, for servers, and for clients.

Keys are on the curve P-256, which every TLS library of the last ten years takes.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evosplit.shared.errors import UsageError

_BACKDATED: Final = dt.timedelta(minutes=5)
"""Clocks of small devices are a little behind."""
_AUTHORITY_NAME: Final = "EvoSplit private authority"


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


def make_authority(now: dt.datetime, lifetime: dt.timedelta) -> KeyPair:
    """A new authority that may sign servers and clients, but no other authorities."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(_AUTHORITY_NAME)
    usage = _usage(key_cert_sign=True, crl_sign=True)
    builder = (
        _builder(name, name, key.public_key(), now, lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return _signed(builder, key, key)


def issue_server(
    authority: KeyPair, hosts: Sequence[str], now: dt.datetime, lifetime: dt.timedelta
) -> KeyPair:
    """A certificate for a server that is reached by these names and addresses. Raises UsageError."""
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return _issue(authority, hosts[0], [names, usage], now, lifetime)


def issue_client(authority: KeyPair, name: str, now: dt.datetime, lifetime: dt.timedelta) -> KeyPair:
    """A certificate by which a client shows its name. Raises UsageError."""
    return _issue(authority, name, [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])], now, lifetime)


def _issue(
    authority: KeyPair,
    name: str,
    extensions: Sequence[x509.ExtensionType],
    now: dt.datetime,
    lifetime: dt.timedelta,
) -> KeyPair:
    issuer, signer = _opened(authority)
    signed_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(_name(name), issuer.subject, key.public_key(), now, lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(signed_by, critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return _signed(builder, key, signer)


def _opened(authority: KeyPair) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate(authority.certificate)
        key = serialization.load_pem_private_key(authority.key, None)
    except (ValueError, TypeError):
        raise UsageError("the authority's certificate or key cannot be read") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise UsageError("the authority's key is not that of its certificate")
    return certificate, key


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    lifetime: dt.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signed(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> KeyPair:
    certificate = builder.sign(signer, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(certificate.public_bytes(serialization.Encoding.PEM), private)


def _name(text: str) -> x509.Name:
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    except ValueError:
        raise UsageError(f"not a name for a certificate: {text[:80]!r} (1 to 64 characters)") from None


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError:
        raise UsageError(f"not a host: {host!r} (a name in ASCII, or an address)") from None


def _usage(
    digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
