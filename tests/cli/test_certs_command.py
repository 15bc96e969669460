"""`evosplit certs`: files that TLS takes, and one line for what is wrong."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

from click.testing import CliRunner, Result

from evosplit.cli.main import main
from evosplit.shared.security.tls import ClientFiles, ServerFiles


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["certs", *(str(argument) for argument in arguments)])


def handshake(server: ServerFiles, client: ClientFiles, host: str) -> None:
    """A whole handshake in memory. Raises ssl.SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.context().wrap_bio(to_client, to_server, server_hostname=host),
        server.context().wrap_bio(to_server, to_client, server_side=True),
    )
    left = list(ends)
    while left:
        for end in tuple(left):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
                left.remove(end)


def test_server_and_client_trust_each_other(tmp_path: Path) -> None:
    made = run("server", "cloud.example.org", "192.0.2.7", "--folder", tmp_path)
    assert made.exit_code == 0
    assert made.stdout == ""
    assert made.stderr.count("\n") == 1
    assert run("client", "gate-7", "--folder", tmp_path).exit_code == 0
    server = ServerFiles(
        tmp_path / "cloud.example.org.pem", tmp_path / "cloud.example.org.key", tmp_path / "ca.pem"
    )
    client = ClientFiles(tmp_path / "ca.pem", tmp_path / "gate-7.pem", tmp_path / "gate-7.key")
    for host in ("cloud.example.org", "192.0.2.7"):
        handshake(server, client, host)


def test_the_authority_is_made_once(tmp_path: Path) -> None:
    assert run("authority", "--folder", tmp_path).exit_code == 0
    first = (tmp_path / "ca.pem").read_bytes()
    run("server", "a", "--folder", tmp_path)
    run("server", "a", "--folder", tmp_path)
    assert (tmp_path / "ca.pem").read_bytes() == first


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    for arguments, line in (
        (("server", "no such host"), "not a name for files: 'no such host' (letters, digits, dots, - and _)"),
        (("client", "ca"), "not a name for files: 'ca' (letters, digits, dots, - and _)"),
        (("server", "ok", "é"), "not a host: 'é' (a name in ASCII, or an address)"),
    ):
        result = run(*arguments, "--folder", tmp_path)
        assert result.exit_code == 2
        assert result.stderr.splitlines() == [f"evosplit: {line}"]
    (tmp_path / "ca.key").unlink(missing_ok=True)
    assert "cannot read the authority" in run("server", "a", "--folder", tmp_path).stderr
