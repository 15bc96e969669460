"""Clients against a real agent and a real cloud ingress: results, pages, repeats by frame id, errors."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from aiohttp import web
from aiohttp.test_utils import TestServer
from cloud_support import TOKEN as CLOUD_TOKEN
from cloud_support import app_client, model_folder, no_plans
from edge_support import Stage, picture, stage
from fake_cloud import TOKEN

import evosplit
from evosplit.cloud.plan_service import MakePlans
from evosplit.cloud.planning import Planner
from evosplit.library.client.retries import Retries
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import (
    AuthError,
    InputError,
    NotFoundError,
    ProfileError,
    UnknownKindError,
    UsageError,
)
from evosplit.shared.profile import Profile
from evosplit.shared.serial import from_json
from evosplit.shared.session import Runner
from evosplit.shared.storage.file_objects import FileObjects
from tests import models as nets

PASSED = ("X-", "Inference-", "Content-Type")


class Waits:
    """Waits for nothing, and notes for how long it should have."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@contextlib.asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


def losing(on: Stage, lost: int) -> web.Application:
    """Passes requests on to an agent; the first ``lost`` answers are lost on their way back."""
    left = [lost]

    async def forward(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name: text for name, text in request.headers.items() if name.startswith(PASSED)}
        url = f"{on.url}{request.path_qs}"
        async with on.client.request(request.method, url, data=body, headers=headers) as answer:
            content = await answer.read()
            back = {name: text for name, text in answer.headers.items() if name.startswith(PASSED)}
        if left[0]:
            left[0] -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=answer.status, body=content, headers=back)

    app = web.Application(client_max_size=10**8)
    app.router.add_route("*", "/{path:.*}", forward)
    return app


async def test_frames_go_in_and_results_come_back_in_pages(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, evosplit.AsyncClient(on.url, TOKEN) as client:
        assert await client.is_ready()
        sent = [await client.send(picture(seed), stream=f"cam{seed % 2}") for seed in range(5)]
        ids = [one.result.frame_id for one in sent]
        assert [one.result.frame_id async for one in client.results(order="asc")] == ids
        assert [one async for one in client.results(stream="cam1")] == [sent[3], sent[1]]
        first = await client.page({"order": "asc"}, limit=2)
        second = await client.page({"order": "asc"}, 2, first.next_cursor)
        assert [one.result.frame_id for one in (*first.results, *second.results)] == ids[:4]
        assert await client.result(ids[0]) == sent[0]
        assert (await client.plan())["plan"]
        assert (await client.profile())["frames"] == 5


async def test_a_frame_whose_answer_was_lost_is_worked_on_once(tmp_path: Path) -> None:
    waits = Waits()
    async with stage(tmp_path) as on, listening(losing(on, 2)) as url:
        async with evosplit.AsyncClient(url, TOKEN, retries=Retries(3, waits)) as client:
            found = await client.send(picture())
            assert [one async for one in client.results()] == [found]
        assert len(waits.seconds) == 2
        async with (
            listening(losing(on, 9)) as deaf,
            evosplit.AsyncClient(deaf, TOKEN, retries=Retries(2, waits)) as client,
        ):
            with pytest.raises(evosplit.ServiceUnavailableError, match="no answer"):
                await client.send(picture(1), frame_id="lost")
        async with evosplit.AsyncClient(on.url, TOKEN) as client:
            assert (await client.result("lost")).result.frame_id == "lost"


async def test_tensors_whose_answer_was_lost_are_not_sent_again(tmp_path: Path) -> None:
    values = {"x": np.zeros((1, 3, 16, 16), np.float32)}
    async with stage(tmp_path) as on, listening(losing(on, 1)) as url:
        async with evosplit.AsyncClient(url, TOKEN, retries=Retries(3, Waits())) as client:
            with pytest.raises(evosplit.ServiceUnavailableError):
                await client.infer("net", values)
            assert len([one async for one in client.results()]) == 1
            again = await client.infer("net", values)
        right = Runner(on.cloud.graph.model).run(values)
        np.testing.assert_allclose(again["y"], right["y"], rtol=0.2, atol=0.2)
        assert again.parameters["answered_by"] in ("edge", "cloud")


async def test_an_agent_without_a_place_is_asked_again_when_it_said(tmp_path: Path) -> None:
    waits, answers = Waits(), [503, 503, 200]

    async def busy(_request: web.Request) -> web.Response:
        status = answers.pop(0)
        headers = {"Retry-After": "7"} if status == 503 else {}
        return web.json_response({"error": "too many frames", "plan": {}}, status=status, headers=headers)

    app = web.Application()
    app.router.add_get("/v1/plan", busy)
    async with listening(app) as url, evosplit.AsyncClient(url, TOKEN, retries=Retries(2, waits)) as client:
        await client.plan()
    assert waits.seconds == [7.0, 7.0]


async def test_a_recorded_failure_is_not_asked_for_again(tmp_path: Path) -> None:
    calls: list[str] = []

    async def failed(request: web.Request) -> web.Response:
        calls.append(request.headers["X-Evosplit-Frame-Id"])
        return web.json_response({"error": "nobody answered", "frame_id": calls[-1]}, status=503)

    app = web.Application()
    app.router.add_post("/v1/frames", failed)
    retries = Retries(3, Waits())
    async with listening(app) as url, evosplit.AsyncClient(url, TOKEN, retries=retries) as client:
        with pytest.raises(evosplit.ServiceError) as caught:
            await client.send(picture())
    assert (caught.value.status, [caught.value.frame_id]) == (503, calls)


async def test_errors_are_typed(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        async with evosplit.AsyncClient(on.url, "wrong") as client:
            with pytest.raises(AuthError):
                await client.plan()
        async with evosplit.AsyncClient(on.url, TOKEN) as client:
            with pytest.raises(NotFoundError, match="no result"):
                await client.result("nothing/here?")
            with pytest.raises(UnknownKindError):
                await client.send(b"no picture")
            with pytest.raises(InputError, match="uint8"):
                await client.send(np.zeros((2, 2)))  # type: ignore[arg-type]
            with pytest.raises(InputError):
                await client.infer("net", {"x": np.zeros((1, 1), np.float32)})
    async with evosplit.AsyncClient("http://127.0.0.1:9", TOKEN, retries=0) as client:
        assert not await client.is_ready()
        with pytest.raises(evosplit.ServiceUnavailableError):
            await client.plan()
    with pytest.raises(UsageError, match="http://gate:9000"):
        await evosplit.AsyncClient("gate:9000").plan()


async def test_the_synchronous_client_does_the_same_in_a_running_loop(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)

    def script(url: str) -> list[evosplit.FrameReport]:
        with evosplit.Client(url, TOKEN) as client:
            assert client.is_ready()
            sent = [client.send(pixels, frame_id=f"f{number}") for number in range(3)]
            assert list(client.results(order="asc")) == sent
            assert client.result("f1") == sent[1]
            assert client.plan()["plan"]
            assert client.profile()["frames"] == 3
            assert client.infer("net", {"x": np.zeros((1, 3, 16, 16), np.float32)})["y"].shape == (1, 5)
            client.close()
            return sent

    async with stage(tmp_path) as on:
        sent = await asyncio.to_thread(script, on.url)
    assert "f0" in sent[0]._repr_html_()
    assert sent[0].to_dict()["answered_by"] == sent[0].result.answered_by


def test_waits_double_and_end_at_ten_seconds() -> None:
    waits = [Retries().wait_s(attempt, None) for attempt in range(12)]
    assert all(0.1 * 2**n <= wait <= 0.2 * 2**n for n, wait in enumerate(waits[:5]))
    assert max(waits) <= 10.0
    assert Retries().wait_s(0, 3600.0) == 10.0


@contextlib.asynccontextmanager
async def ingress(folder: Path, make_plans: MakePlans = no_plans) -> AsyncIterator[str]:
    """The cloud's own ingress over HTTP, without Ray."""
    listener = socket.create_server(("127.0.0.1", 0))
    with app_client(model_folder(folder), make_plans) as here:
        server = uvicorn.Server(uvicorn.Config(here.app, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
            listener.close()


async def test_a_cloud_tier_finishes_what_was_split_here(tmp_path: Path) -> None:
    model = evosplit.load(model_folder(tmp_path) / "residual.onnx")
    feeds = nets.feeds(nets.residual_net())
    parts = evosplit.split(model, 2)
    right = Runner(model.graph.model).run(feeds)
    async with ingress(tmp_path) as url, evosplit.AsyncClient(url, CLOUD_TOKEN) as client:
        assert "residual" in (await client.models())["models"]
        boundary = parts.head.run(feeds)
        found = await client.finish("residual", evosplit.encode(parts, boundary))
        whole = await client.infer("residual", feeds)
        for name, values in right.items():
            np.testing.assert_allclose(whole[name], values, rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-4)
        assert math.isfinite(float(found.parameters["tail_s"]))
        with pytest.raises(NotFoundError):
            await client.infer("nothing", feeds)
        pixels = np.zeros((16, 16, 3), np.uint8)
        assert (await client.finish_picture("chain", pixels))["y"].shape == (1, 5)


async def test_a_cloud_tier_plans_for_a_profile_that_was_measured_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    model = evosplit.load(model_folder(tmp_path) / "chain.onnx")
    profile = await asyncio.to_thread(evosplit.profile, model, slowdown=8.0, integers=False)
    limits = evosplit.Limits(min_depth=1)
    planner = Planner(FileObjects(tmp_path / "data"), 1)
    async with ingress(tmp_path, planner) as url, evosplit.AsyncClient(url, CLOUD_TOKEN) as client:
        served = await client.make_plans("chain", profile, rtt_s=0.01, limits=limits)
        assert served == await client.make_plans("chain", profile.profile, rtt_s=0.01, limits=limits)
        (tmp_path / "bundle").write_bytes(await client.bundle(served.bundle))
        with pytest.raises(evosplit.ServiceError, match="another version"):
            await client.make_plans("residual", profile)
    assert Bundle.open(tmp_path / "bundle", served.bundle).manifest.table == served.table
    assert served.table.rtt_s == 0.01
    assert "0" not in {plan.cut_key for plan in served.table.plans}
    assert len(served.listings()[0].rows) == len(served.table.plans)
    known = evosplit.table(model, edge=profile, cloud=planner_profile(tmp_path), rtt_s=0.01, limits=limits)
    assert [plan.digest for plan in known.plans] == [plan.digest for plan in served.table.plans]
    assert known.table == served.table, "the library and the plan service stand on one assembly"


def planner_profile(folder: Path) -> Profile:
    """What the cloud tier measured of itself."""
    (path,) = (folder / "data" / "profile").iterdir()
    return from_json(Profile, path.read_bytes(), ProfileError)
