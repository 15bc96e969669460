"""`evosplit mlperf`: LoadGen's scenarios against an agent, its logs, and runs that are worth nothing."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from click.testing import CliRunner, Result
from edge_support import Stage, picture, stage
from fake_cloud import TOKEN

from evosplit.cli.main import main
from evosplit.cli.mlperf.play import SUMMARY

SHORT = ("--model", "net", "--duration", "100ms", "--queries", 8)


async def played(url: str, folder: Path, *more: object) -> Result:
    """In a thread: LoadGen blocks its caller."""
    arguments = ["mlperf", url, *map(str, (*SHORT, "--out", folder, *more))]
    runner = CliRunner(env={"EVOSPLIT_TOKEN": TOKEN})
    return await asyncio.to_thread(runner.invoke, main, arguments)


@pytest.mark.parametrize("scenario", ["single-stream", "multi-stream", "server", "offline"])
async def test_each_scenario(tmp_path: Path, scenario: str) -> None:
    async with stage(tmp_path) as served:
        wide = ("--rate", 40, "--latency-bound", "20s", "--streams", 2)
        result = await played(served.url, tmp_path / "logs", "--scenario", scenario, *wide, "--json")
        told = json.loads(result.stdout)
        assert told["failures"] == 0
        assert told["summary"]["Scenario"].replace("Stream", "-stream").lower() == scenario
        assert told["valid"] == (told["summary"]["Result is"] == "VALID") == (result.exit_code == 0)
        assert "Mode" in (tmp_path / "logs" / SUMMARY).read_text()
        assert len(await oip_results(served)) >= 8


async def oip_results(served: Stage) -> list[dict]:
    async with served.client.get(f"{served.url}/v1/results?stream=oip&limit=1000") as answer:
        return (await answer.json())["results"]


async def test_pictures_go_as_frames_each_with_its_own_id(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for seed in range(2):
        (pictures / f"{seed}.png").write_bytes(picture(seed))
    async with stage(tmp_path) as served:
        result = await played(served.url, tmp_path / "logs", "--images", pictures)
        assert "Result is" in result.stdout
        async with served.client.get(f"{served.url}/v1/results?limit=1000") as answer:
            results = (await answer.json())["results"]
        assert len(results) >= 9
        assert not [given for given in results if given["error"]]


async def test_what_is_wrong_is_said_before_the_run(tmp_path: Path) -> None:
    async with stage(tmp_path) as served:
        logs = tmp_path / "logs"
        empty = tmp_path / "empty"
        empty.mkdir()
        for more, said in (
            (("--images", empty), "no pictures in"),
            (("--onnx", tmp_path / "net.onnx"), "go together"),
            (("--model", "other"), "other"),
        ):
            result = await played(served.url, logs, *more)
            assert result.exit_code != 0
            assert said in result.stderr
            assert result.stderr.count("\n") == 1
        assert not logs.exists()


async def test_a_run_with_failures_is_not_valid(tmp_path: Path) -> None:
    """The first request, which is a trial, is answered, and no other one."""
    asked = itertools.count()

    async def infer(_request: web.Request) -> web.Response:
        return web.json_response({"error": "no more"}, status=200 if next(asked) == 0 else 500)

    async def metadata(_request: web.Request) -> web.Response:
        return web.json_response({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2]}]})

    app = web.Application()
    app.add_routes([web.post("/v2/models/net/infer", infer), web.get("/v2/models/net", metadata)])
    async with TestServer(app) as server:
        result = await played(str(server.make_url("")), tmp_path / "logs")
    assert result.exit_code == 1
    assert "answered 500: no more" in result.stderr
