"""The front end: the HAProxy that Ray Serve brings, in front of a small application, without Ray."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from front_support import Front, front

from evosplit.cloud.front.certificate_reload import CertificateReload
from evosplit.cloud.front.haproxy_config import PEER_HEADER, FrontEnd
from evosplit.cloud.front.haproxy_files import write_front
from evosplit.shared.errors import UsageError
from evosplit.shared.security.tls import ClientFiles
from tests.certificates import DAY, Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="module")
def secure(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with front(tmp_path_factory.mktemp("front"), authority.server()) as running:
        yield running


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with front(tmp_path_factory.mktemp("front"), None) as running:
        yield running


def test_requests_pass_with_the_address_of_the_client(secure: Front, plain: Front, authority) -> None:
    wanted = (200, {"peer": "127.0.0.1", "path": "/x"})
    assert secure.get(ClientFiles(authority.ca), **{PEER_HEADER: "192.0.2.1"}) == wanted
    assert plain.get(None, **{PEER_HEADER: "192.0.2.1"}) == wanted


def test_pages_of_ray_are_not_for_clients(plain: Front) -> None:
    for page in ("/-/routes", "/-/healthz", "/-/"):
        assert plain.get(None, page) == (404, {"error": "no such page"})


def test_pages_that_ask_for_no_token_are_on_the_loopback(plain: Front) -> None:
    assert f"bind 127.0.0.1:{plain.inner_port}\n" in (plain.folder / "node" / "haproxy.cfg").read_text()


def test_another_authority_is_not_trusted(secure: Front, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer|self-signed"):
        secure.get(ClientFiles(Authority(tmp_path / "other").ca))


def test_plain_http_gets_no_answer_on_a_secure_port(secure: Front) -> None:
    with pytest.raises((http.client.HTTPException, OSError)):
        secure.get(None)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl(secure: Front, authority: Authority, tmp_path: Path) -> None:
    url = f"https://localhost:{secure.port}/x"
    command = ["curl", "--silent", "--show-error", "--max-time", "20"]
    known = subprocess.run([*command, "--cacert", authority.ca, url], capture_output=True, text=True)
    assert json.loads(known.stdout)["path"] == "/x"
    other = Authority(tmp_path / "other").ca
    stranger = subprocess.run([*command, "--cacert", other, url], capture_output=True, text=True)
    assert (stranger.returncode, stranger.stdout) == (60, "")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl(secure: Front, authority: Authority) -> None:
    for protocol, works in (("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False)):
        command = ["openssl", "s_client", "-connect", f"localhost:{secure.port}", protocol]
        checked = [*command, "-CAfile", authority.ca, "-verify_return_error", "-verify_hostname", "localhost"]
        done = subprocess.run(checked, input=b"", capture_output=True, timeout=30)
        assert (done.returncode == 0) is works, protocol


def test_clients_show_a_certificate_where_one_is_asked_for(authority: Authority, tmp_path: Path) -> None:
    files = replace(authority.server(), client_ca=authority.ca)
    with front(tmp_path / "front", files) as mutual:
        assert mutual.get(authority.client())[0] == 200
        for stranger in (ClientFiles(authority.ca), Authority(tmp_path / "other").client()):
            with pytest.raises((ssl.SSLError, OSError)):
                mutual.get(replace(stranger, ca=authority.ca))


def test_a_certificate_changes_without_a_restart(tmp_path: Path) -> None:
    first, second = Authority(tmp_path / "first"), Authority(tmp_path / "second")
    files = first.server()
    with front(tmp_path / "front", files) as running:
        reload = CertificateReload(running.folder, files)
        assert reload.look() is None
        assert running.get(ClientFiles(first.ca))[0] == 200
        other = second.server()
        other.certificate.replace(files.certificate)
        line = reload.look()
        assert line is not None
        assert line.startswith("the certificate in use stays: cannot use the certificate")
        assert running.get(ClientFiles(first.ca))[0] == 200
        other.key.replace(files.key)
        assert reload.look() == f"the certificate {files.certificate} is in use now"
        assert running.get(ClientFiles(second.ca))[0] == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            running.get(ClientFiles(first.ca))


def test_an_expired_certificate_is_refused_by_clients(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "certs")
    files, expired = authority.server(age=2 * DAY), "certificate has expired"
    with (
        front(tmp_path / "front", files) as running,
        pytest.raises(ssl.SSLCertVerificationError, match=expired),
    ):
        running.get(ClientFiles(authority.ca))


def test_files_that_are_no_certificate_start_nothing(tmp_path: Path, authority: Authority) -> None:
    files = replace(authority.server(), key=tmp_path / "gone")
    with pytest.raises(UsageError, match="No such file"):
        write_front(FrontEnd("127.0.0.1", 1, tmp_path), files, {})


def test_an_oversized_head_is_refused(plain: Front) -> None:
    """By HAProxy's reader of HTTP/1, whose answer no setting changes."""
    with pytest.raises(json.JSONDecodeError):
        plain.get(None, **{"X-Long": "a" * 20_000})
    with socket.create_connection(("127.0.0.1", plain.port)) as flood:
        sent = 0
        with contextlib.suppress(OSError):
            flood.sendall(b"GET /x HTTP/1.1\r\n")
            while sent < 10**6:
                sent += flood.send(b"A: " + b"b" * 1000 + b"\r\n")
        with contextlib.suppress(OSError):
            assert b" 400 " in flood.recv(1000)


def test_slow_heads_are_ended_and_hold_nobody_up(plain: Front) -> None:
    """Slow loris: 300 connections, a byte at a time; others are answered meanwhile."""
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", plain.port))) for _ in range(300)]
        for connection in slow:
            connection.sendall(b"GET /x HTTP/1.1\r\nHost: ")
        assert plain.get(None)[0] == 200
        slow[0].settimeout(0.2)
        answer = b""
        while not answer:
            with contextlib.suppress(TimeoutError):
                answer = slow[0].recv(1000)
            with contextlib.suppress(OSError):
                slow[0].sendall(b"a")
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_no_replica_is_told_as_the_protocol_does(plain: Front) -> None:
    """The last test with ``plain``: its replica ends."""
    plain.replica.shutdown()
    plain.replica.server_close()
    assert plain.get(None) == (503, {"error": "no replica is ready; try again"})
