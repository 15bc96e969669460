"""Resident memory of an edge agent with SqueezeNet: after its first start, and after a restart.

The agent is a process of its own; the cloud (the real data plane behind a few routes, no Ray) runs here. The
plan table is made by hand: every cut of a few is built, int8 weights, and frames go through all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import numpy as np
from aiohttp import web
from PIL import Image

from benchmarks.report import write_result
from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.registry import Model, registry_of
from evosplit.cloud.tail_builder import TailBuilder
from evosplit.cloud.tail_cache import TailCache
from evosplit.planner.bundle import build_bundle
from evosplit.shared.card import card_to_data, check_card, load_card
from evosplit.shared.free_ports import free_port
from evosplit.shared.graph import load_graph, prefix_cut
from evosplit.shared.graph.graph import Graph
from evosplit.shared.link import Link
from evosplit.shared.oip import HEADER_LENGTH
from evosplit.shared.plan import Latency, Plan, PlanTable, TensorCode
from evosplit.shared.token import bearer
from evosplit.shared.weights import strip_weights

TARGET_BYTES: Final = 300_000_000
ROOT: Final = Path(__file__).resolve().parents[1]
MODEL: Final = ROOT.parent / "shared" / "models" / "squeezenet1.1.onnx"
TOKEN: Final = "benchmark"  # noqa: S105 - known to both ends of this file
FRAMES: Final = 30
START: Final = """
import sys
from pathlib import Path
from evosplit.edge.server import EdgeSettings, serve_edge
url, data, port = sys.argv[1:]
given = {"cloud_url": url, "model": "squeezenet", "data": Path(data), "port": int(port)}
serve_edge(EdgeSettings(**given, token="benchmark"))
sys.exit("Ray was imported" if "ray" in sys.modules else 0)
"""


def main() -> None:
    """Measure and write the result."""
    if not MODEL.is_file():
        raise SystemExit("needs ../shared/models/squeezenet1.1.onnx")
    result = asyncio.run(_measure())
    write_result("edge_memory", {**result, "target_bytes": TARGET_BYTES})
    print(f"resident after a restart: {result['restart']['resident_bytes'] / 1e6:.0f} MB, target 300 MB")


async def _measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="evosplit-memory-") as name:
        folder = Path(name)
        graph = load_graph(MODEL, "squeezenet")
        card = check_card(load_card(ROOT / "cli" / "cards" / "squeezenet1.1.yaml"), graph)
        bundle = folder / "bundle.evb"
        digest = build_bundle(graph, _table(graph), card_to_data(card), bundle)
        async with _cloud(Model(MODEL, graph, card), bundle, digest) as url:
            return {run: await _run(url, folder / "data") for run in ("first_start", "restart")}


def _table(graph: Graph) -> PlanTable:
    """A cut after each quarter of the layers; predicted so that the fastest link takes the first."""
    count = len(graph.layers)
    plans = tuple(_plan(graph, count * part // 4, part) for part in (4, 3, 2, 1, 0))
    return PlanTable(graph.name, graph.sha256, 0.001, (1e5, 1e6, 1e7, 1e8), plans, plans[0])


def _plan(graph: Graph, index: int, part: int) -> Plan:
    cut, wire_bytes = prefix_cut(graph, index), 200_000 * (4 - part)
    return Plan(
        model=graph.name,
        model_sha256=graph.sha256,
        cut_key=cut.key,
        boundary=cut.boundary,
        weight_bits={
            graph.layers[index].name: 8 for index in cut.layers if graph.layers[index].weight_elements
        },
        activation_bits={},
        wire={name: TensorCode(4) for name in cut.boundary},
        latency=Latency(0.01 * part, 0.01, 0.01),
        link=Link(1e8, 0.001),
        wire_bytes=wire_bytes,
        edge_memory_bytes=0,
        error=0.0,
    )


@contextlib.asynccontextmanager
async def _cloud(model: Model, bundle: Path, digest: str) -> AsyncIterator[str]:
    plane = DataPlane(registry_of([model]), TailCache(10**9), TailBuilder(1))
    description = {"name": model.name, "sha256": model.graph.sha256, "card": None}

    async def infer(request: web.Request) -> web.Response:
        call = Call(await request.read(), int(request.headers[HEADER_LENGTH]), time.perf_counter())
        answer, length = await asyncio.to_thread(plane.answer, model.name, call)
        return web.Response(body=answer, headers={HEADER_LENGTH: str(length)})

    async def probe(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({})

    async def describe(_: web.Request) -> web.Response:
        return web.json_response(description)

    async def skeleton(_: web.Request) -> web.Response:
        return web.Response(body=strip_weights(model.graph.model)[0].SerializeToString())

    async def plans(_: web.Request) -> web.Response:
        return web.json_response({"bundle": digest})

    async def send_bundle(_: web.Request) -> web.Response:
        return web.Response(body=bundle.read_bytes())

    app = web.Application(client_max_size=10**8)
    base = f"/v1/models/{model.name}"
    app.add_routes([web.post(f"/v2/models/{model.name}/infer", infer), web.post("/v1/probe", probe)])
    app.add_routes([web.get("/v2/health/live", probe), web.get(base, describe)])
    app.add_routes([web.get(f"{base}/skeleton", skeleton), web.post(f"{base}/plans", plans)])
    app.add_routes([web.get(f"/v1/bundles/{digest}", send_bundle)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _run(cloud_url: str, data: Path) -> dict[str, Any]:
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", START, cloud_url, str(data), str(port)]
    process = subprocess.Popen(command, env=environment)
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=bearer(TOKEN)) as session:
            await _ready(session)
            answered = [await _frame(session, seed) for seed in range(FRAMES)]
            status = await _plan_status(session)
            memory = _memory(process.pid)
        process.terminate()
        if await asyncio.to_thread(process.wait, 30):
            raise SystemExit("the agent did not end well")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return {**memory, "heads": status["heads_ready"], "frames": len(answered), "by": sorted(set(answered))}


async def _frame(session: aiohttp.ClientSession, seed: int) -> str:
    pixels = np.random.default_rng(seed).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG")
    strategy = ("planned", "edge", "cloud-jpeg")[seed % 3]
    async with session.post(f"/v1/frames?strategy={strategy}", data=content.getvalue()) as response:
        response.raise_for_status()
        answer: dict[str, str] = await response.json()
        return answer["answered_by"]


async def _plan_status(session: aiohttp.ClientSession) -> Mapping[str, Any]:
    """The status once every head is built."""
    while True:
        async with session.get("/v1/plan") as response:
            status: Mapping[str, Any] = await response.json()
        if status["heads_ready"] == len(status["table"]["plans"]):
            return status
        await asyncio.sleep(0.1)


async def _ready(session: aiohttp.ClientSession) -> None:
    for _ in range(1200):
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get("/v2/health/ready") as response:
                if response.status == 200:
                    return
        await asyncio.sleep(0.1)
    raise SystemExit("the agent was not ready after two minutes")


def _memory(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kilobytes = {
        line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("VmRSS", "VmHWM"))
    }
    return {"resident_bytes": kilobytes["VmRSS"] * 1024, "peak_bytes": kilobytes["VmHWM"] * 1024}


if __name__ == "__main__":
    main()
