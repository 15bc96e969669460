"""Certificates as OpenSSL judges them, and TLS contexts of files that are wrong."""

from __future__ import annotations

import shutil
import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from evosplit.shared.errors import UsageError
from evosplit.shared.security.certificate_files import kept_authority, write_issued
from evosplit.shared.security.certificates import KeyPair, issue_client, issue_server, make_authority
from evosplit.shared.security.file_watch import FileWatch
from evosplit.shared.security.tls import ClientFiles, ServerFiles, client_files, server_files
from tests.certificates import DAY, Authority, now

OPENSSL = shutil.which("openssl")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "certs")


@pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command")
@pytest.mark.parametrize(("kind", "other"), [("server", "client"), ("client", "server")])
def test_openssl_takes_a_certificate_for_its_purpose_alone(
    authority: Authority, kind: str, other: str
) -> None:
    files = authority.server() if kind == "server" else authority.client()
    for purpose, status in ((kind, 0), (other, 2)):
        command = ["openssl", "verify", "-x509_strict", "-purpose", f"ssl{purpose}", "-CAfile", authority.ca]
        assert subprocess.run([*command, files.certificate], capture_output=True).returncode == status


def test_keys_are_their_owners_alone_and_the_authority_stays(tmp_path: Path) -> None:
    first = kept_authority(tmp_path, now())
    paths = write_issued(tmp_path, "gate", now(), lambda made: issue_client(made, "gate", now(), DAY))
    assert kept_authority(tmp_path, now()) == first
    for key in (tmp_path / "ca.key", paths[1]):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["ca", "", "../x", "a/b"])
def test_names_that_no_file_may_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="not a name for files"):
        write_issued(tmp_path, name, now(), lambda made: made)


def test_what_no_certificate_is_made_for() -> None:
    made, other = make_authority(now(), DAY), make_authority(now(), DAY)
    with pytest.raises(UsageError, match="not a host: 'é'"):
        issue_server(made, ["é"], now(), DAY)
    with pytest.raises(UsageError, match="not a name"):
        issue_client(made, "x" * 65, now(), DAY)
    with pytest.raises(UsageError, match="not that of its certificate"):
        issue_client(KeyPair(made.certificate, other.key), "x", now(), DAY)
    with pytest.raises(UsageError, match="cannot be read"):
        issue_client(KeyPair(b"", made.key), "x", now(), DAY)


def test_files_that_do_not_fit_are_told_in_one_line(authority: Authority, tmp_path: Path) -> None:
    server, other = authority.server(), authority.server("other")
    for files, line in (
        (ServerFiles(server.certificate, other.key), "key values mismatch"),
        (ServerFiles(server.key, server.key), "cannot use the certificate"),
        (ServerFiles(tmp_path / "gone", server.key), "No such file"),
        (ServerFiles(server.certificate, server.key, tmp_path / "gone"), "cannot use the authority"),
        (ClientFiles(server.key), "cannot use the authority"),
    ):
        with pytest.raises(UsageError, match=line) as refused:
            files.context()
        assert "\n" not in str(refused.value)


def test_an_encrypted_key_is_refused_without_a_prompt(authority: Authority, tmp_path: Path) -> None:
    if OPENSSL is None:
        pytest.skip("needs the openssl command")
    files = authority.server()
    locked = tmp_path / "locked.key"
    command = ["openssl", "ec", "-in", files.key, "-aes128", "-passout", "pass:x", "-out", locked]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(UsageError, match="the key is encrypted"):
        ServerFiles(files.certificate, locked).context()


def test_half_of_the_options() -> None:
    assert server_files(None, None) is None
    for given in ((Path("c"), None, None), (None, Path("k"), None), (None, None, Path("a"))):
        with pytest.raises(UsageError, match="needs both --tls-cert and --tls-key"):
            server_files(*given)


def test_the_authority_comes_from_the_environment_unless_given() -> None:
    environment = {"EVOSPLIT_CA_FILE": "from-environment.pem"}
    assert client_files(None, None, environment).ca == Path("from-environment.pem")
    assert client_files("given.pem", None, environment).ca == Path("given.pem")
    assert client_files(None, ("c", "k"), {}) == ClientFiles(None, Path("c"), Path("k"))


def test_clients_are_asked_for_certificates_and_old_protocols_refused(authority: Authority) -> None:
    files = authority.server()
    context = ServerFiles(files.certificate, files.key, authority.ca).context()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert ClientFiles(authority.ca).context().check_hostname


def test_a_watch_sees_replaced_removed_and_new_files(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("x")
    watch = FileWatch([first, second])
    assert not watch.has_changed()
    second.write_text("y")
    assert watch.has_changed()
    (tmp_path / "new").write_text("x")
    (tmp_path / "new").replace(first)
    assert watch.has_changed()
    assert not watch.has_changed()
    first.unlink()
    assert watch.has_changed()
