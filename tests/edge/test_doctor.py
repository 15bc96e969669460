"""Self-diagnosis: what each check makes of what it sees, and of clouds that are there, away, or not ours."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from evosplit.edge.doctor.clock import check_clock
from evosplit.edge.doctor.clouds import CloudChecks
from evosplit.edge.doctor.disk import check_disk
from evosplit.edge.doctor.examine import examine
from evosplit.edge.doctor.finding import Finding, has_problem
from evosplit.edge.doctor.machine import check_machine, check_memory, check_provider, free_memory_bytes
from evosplit.edge.doctor.wiring import check_wiring
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.device_state import DeviceState
from evosplit.shared.free_ports import free_port

NOW_S = 1.78e9
RIGHT = "right"


def levels(findings: list[Finding]) -> dict[str, str]:
    return {finding.check: finding.level for finding in findings}


@pytest.mark.parametrize(
    ("now_s", "state", "level"),
    [(NOW_S, 0, "ok"), (NOW_S, None, "ok"), (NOW_S, 5, "warning"), (100.0, 0, "problem")],
)
def test_clock(now_s: float, state: int | None, level: str) -> None:
    assert check_clock(now_s, state).level == level


def test_machine(tmp_path: Path) -> None:
    calm = DeviceState(40.0, 95.0, load=0.1, power_mode="MAXN")
    assert levels(list(check_machine(calm))) == {"heat": "ok", "power mode": "ok", "load": "ok"}
    worn = DeviceState(93.0, 95.0, clock_share=0.5, load=1.5, on_battery=True)
    assert set(levels(list(check_machine(worn))).values()) == {"warning"}
    assert list(check_machine(DeviceState())) == []
    (tmp_path / "meminfo").write_text("MemTotal: 900 kB\nMemAvailable:   500000 kB\n")
    assert free_memory_bytes(tmp_path / "meminfo") == 512_000_000
    assert free_memory_bytes(tmp_path / "none") is None
    assert [check_memory(size).level for size in (None, 10**9, 10**8)] == ["ok", "ok", "problem"]
    assert check_provider("cuda", ["CPUExecutionProvider"]).level == "warning"
    assert check_provider("cpu", ["CPUExecutionProvider"]).level == "ok"


def test_disk(tmp_path: Path) -> None:
    assert levels(list(check_disk(tmp_path / "new", 10))) == {"data folder": "ok", "disk": "ok"}
    assert levels(list(check_disk(tmp_path, 10**18)))["disk"] == "warning"
    (tmp_path / "file").write_text("")
    assert levels(list(check_disk(tmp_path / "file", 10))) == {"data folder": "problem"}


def settings(folder: Path, url: str, **more: Any) -> EdgeSettings:
    return EdgeSettings(
        **{"cloud_url": url, "model": "net", "data": folder, "port": free_port(), "token": "t", **more}
    )


def test_wiring(tmp_path: Path) -> None:
    fine = settings(tmp_path, "http://cloud")
    assert set(levels(list(check_wiring(fine))).values()) == {"ok"}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wrong = settings(
            tmp_path, "http://cloud", port=taken.getsockname()[1], sink=("ftp://x",), source=("gopher://x",)
        )
        found = levels(list(check_wiring(wrong)))
    assert found == {"sinks": "problem", "sources": "problem", "certificate": "ok", "port": "problem"}


def cloud(status: int = 200, scope: str = "", has_model: bool = True) -> web.Application:
    """One that refuses a scope, or has no such model."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/v2/health/ready":
            return web.Response(status=status)
        if request.headers["Authorization"] != "Bearer right":
            return web.json_response({"error": "no"}, status=401)
        needed = {"/v1/probe": "infer", "/v1/signing-key": "plan"}.get(request.path)
        if needed is not None and needed == scope:
            return web.json_response({"error": "no"}, status=403)
        if request.path.startswith("/v1/models/") and not has_model:
            return web.json_response({"error": "none"}, status=404)
        return web.json_response({"version": "1", "sha256": "ab" * 32})

    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", answer)])
    return app


async def seen(url: str, token: str | None = RIGHT, version: str = "1") -> list[Finding]:
    async with cloud_session() as session:
        return [finding async for finding in CloudChecks(session, url, "net", token, version).findings()]


@pytest.mark.parametrize(
    ("app", "asked", "right"),
    [
        (cloud(), {}, {"token": "ok", "model": "ok", "version": "ok", "link": "ok"}),
        (cloud(), {"version": "2"}, {"token": "ok", "model": "ok", "version": "warning", "link": "ok"}),
        (cloud(has_model=False), {}, {"token": "ok", "model": "problem", "version": "ok", "link": "ok"}),
        (cloud(scope="plan"), {}, {"token": "problem"}),
        (cloud(), {"token": "wrong"}, {"token": "problem"}),
        (cloud(), {"token": None}, {"token": "problem"}),
    ],
    ids=["fine", "version", "model", "scope", "wrong-token", "no-token"],
)
async def test_clouds(app: web.Application, asked: dict[str, Any], right: dict[str, str]) -> None:
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        assert levels(await seen(url, **asked)) == {url: "ok", **right}


async def test_clouds_that_do_not_serve() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    assert levels(await seen(nobody)) == {nobody: "problem"}
    async with TestServer(cloud(status=503)) as server:
        url = str(server.make_url("")).rstrip("/")
        (finding,) = await seen(url)
        assert (finding.level, finding.seen) == ("problem", "is not ready (status 503)")


async def test_all_of_it_changes_nothing(tmp_path: Path) -> None:
    async with TestServer(cloud()) as server:
        url = str(server.make_url("")).rstrip("/")
        asked = settings(tmp_path / "data", url, token="")
        findings = [finding async for finding in examine(asked)]
    assert has_problem(findings), "there is no token yet"
    assert levels(findings)["token"] == "problem"
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["net"]
    assert list((tmp_path / "data" / "net").iterdir()) == []
    assert all("\n" not in finding.seen + finding.advice for finding in findings)
