"""A small network with a hand-made plan table and bundle, and a cloud here that misbehaves on demand.

The cloud is the real data plane behind a few aiohttp routes: no Ray. It can shape its link (answers wait for
``rtt_s`` and for the body's bytes), be slow, refuse, talk garbage, break off, or hang.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import onnx
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler
from patient_session import PatientSession
from PIL import Image

from evosplit.cloud.bundle_signer import BundleSigner
from evosplit.cloud.calibration_store import CalibrationStore
from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.plan_service import PlanAnswer
from evosplit.cloud.registry import Model, Registry
from evosplit.cloud.stream_state import StreamStore
from evosplit.cloud.tail_builder import TailBuilder
from evosplit.cloud.tail_cache import TailCache
from evosplit.edge.agent import Agent
from evosplit.edge.lifecycle import running_agent
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.server import make_app
from evosplit.edge.settings import EdgeSettings
from evosplit.kernels.codec import encode_tensor
from evosplit.shared.bundle import Bundle, CalibrationKind, Manifest, write_bundle
from evosplit.shared.card import Card, card_from_data, card_to_data, check_card
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.graph import Graph, load_graph, prefix_cut
from evosplit.shared.link import Link
from evosplit.shared.oip import HEADER_LENGTH
from evosplit.shared.plan import Latency, Plan, PlanTable, TensorCode
from evosplit.shared.replan import choices
from evosplit.shared.serial import to_data
from evosplit.shared.token import bearer
from evosplit.shared.weights import strip_weights
from evosplit.shared.wire import Frame, encode_frame
from tests import models

TOKEN = "a-test-token"
LABELS = ["none", "car", "van", "bus", "bike"]
CARD = {
    "version": 1,
    "name": "test network",
    "input": {"colour": "RGB", "resize": {"kind": "stretch"}, "scale": "1/255", "mean": 0.5, "std": 0.5},
    "output": {"kind": "classes", "scores": "logits"},
    "labels": LABELS,
}
RTT_S = 0.002
MIDDLE_BPS = 3e6
"""At this bandwidth the plan that cuts in the middle is the best of `make_table`."""


def load_net(
    folder: Path, name: str = "net", model_of: Callable[[], onnx.ModelProto] = models.chain_net
) -> Graph:
    return load_graph(models.save(model_of(), folder, name), name)


def net_card(graph: Graph) -> Card:
    return check_card(card_from_data(CARD), graph)


def make_plan(graph: Graph, index: int, edge_s: float, wire_bytes: int, bits: int = 8) -> Plan:
    cut, link = prefix_cut(graph, index), Link(1e7, RTT_S)
    weighted = [graph.layers[at] for at in cut.layers if graph.layers[at].weight_elements]
    return Plan(
        model=graph.name,
        model_sha256=graph.sha256,
        cut_key=cut.key,
        boundary=cut.boundary,
        weight_bits={layer.name: 8 for layer in weighted},
        activation_bits={},
        wire={name: TensorCode(bits) for name in cut.boundary},
        latency=Latency(edge_s, link.uplink_s(wire_bytes) if wire_bytes else 0.0, 0.001),
        link=link,
        wire_bytes=wire_bytes,
        edge_memory_bytes=10_000,
        error=0.0,
    )


def make_plans(graph: Graph, middle: int) -> tuple[Plan, Plan, Plan]:
    """All in the cloud, a cut behind ``middle`` layers, and all on the edge."""
    alone = make_plan(graph, len(graph.layers), 0.0, 0)
    return (
        make_plan(graph, 0, 0.02, 250_000),
        make_plan(graph, middle, 0.2, 25_000),
        dataclasses.replace(alone, latency=Latency(0.2 + RTT_S + 2.2, 0.0, 0.0)),
    )


def make_table(graph: Graph, with_fallback: bool = True) -> PlanTable:
    """Alone below about 0.1 Mbit/s, a cut in the middle to 10, all in the cloud above.

    The seconds are so many that a busy machine's round trips change nothing in that.
    """
    raw, middle, alone = make_plans(graph, 3)
    plans = (alone, middle, raw) if with_fallback else (middle, raw)
    breakpoints = (1e5, 1e7) if with_fallback else (1e7,)
    fallback = alone if with_fallback else None
    return PlanTable(graph.name, graph.sha256, RTT_S, breakpoints, plans, fallback)


def middle_only(graph: Graph, with_fallback: bool = True) -> PlanTable:
    """One plan that a change of the link cannot replace: the cut in the middle."""
    _, middle, alone = make_plans(graph, 3)
    return PlanTable(graph.name, graph.sha256, RTT_S, (), (middle,), alone if with_fallback else None)


def write_net_bundle(
    graph: Graph,
    path: Path,
    table: PlanTable,
    card: Card | None,
    calibration: CalibrationKind | None = None,
    max_drop: float | None = None,
) -> str:
    skeleton, weights = strip_weights(graph.model)
    files = {"skeleton.onnx": skeleton.SerializeToString()}
    packed: dict[str, dict[str, str]] = {}
    for number, (name, array) in enumerate(sorted(weights.items())):
        bits = 8 if array.ndim > 1 else 32
        encoded = encode_tensor(name, array, TensorCode(bits), 0 if array.ndim > 1 else None)
        files[f"weights/{number}-{bits}.evs"] = encode_frame(Frame("", graph.sha256, "", (encoded,)))
        packed[name] = {str(bits): f"weights/{number}-{bits}.evs"}
    data = None if card is None else card_to_data(card)
    manifest = Manifest(
        graph.name,
        graph.sha256,
        table,
        data,
        "skeleton.onnx",
        packed,
        calibration=calibration,
        max_drop=max_drop,
    )
    return write_bundle(path, manifest, files)


@dataclass
class FakeCloud:
    """Set the fields while it runs.

    ``mode``: ok, 500, 401, garbage, wrong-output, cut-off, cut-once, hang, wait (until ``go_on`` is set).
    With a ``page`` (status, content type, body) a network's login page answers every request in its place;
    ``ports`` are the callers'.
    ``has_one`` and ``go_on``: see `PatientSession`.
    """

    graph: Graph
    card: Card | None = None
    bundle: Path | None = None
    digest: str = ""
    mode: str = "ok"
    bandwidth_bps: float = 1e12
    rtt_s: float = 0.0
    token: str = TOKEN
    calls: list[str] = field(default_factory=list)
    plan_requests: list[Any] = field(default_factory=list)
    restorations: str = ""
    plans_refused: int = 0
    """The status of a refusal to plan, or 0."""
    plan_s: float = 0.0
    next_bundles: list[tuple[Path, str]] = field(default_factory=list)
    """What the next plans come in; when they are used up, the last one again."""
    signer: BundleSigner | None = None
    releases: list[Any] = field(default_factory=list)
    shown_release: int = -1
    """Which release goes with a bundle: the last one, or an earlier one played again."""
    calibrations: CalibrationStore | None = None
    page: tuple[int, str, bytes] | None = None
    ports: list[int] = field(default_factory=list)
    has_one: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.go_on.set()

    def restart(self) -> None:
        """Forget all streams; to an edge, that is also what an eviction or another replica looks like."""
        registry = Registry({self.graph.name: Model(Path("net.onnx"), self.graph, self.card)})
        self.streams = StreamStore()
        self.plane = DataPlane(registry, TailCache(10**8), TailBuilder(1), self.streams)

    @property
    def inferences(self) -> int:
        """How many frames have come."""
        return sum(path.endswith("infer") for path in self.calls)

    def app(self) -> web.Application:
        self.restart()
        app = web.Application(client_max_size=10**8, middlewares=[self._login])
        name = self.graph.name
        app.add_routes(
            [
                web.post("/v1/probe", self._probe),
                web.get("/v2/health/live", self._probe),
                web.post(f"/v2/models/{name}/infer", self._infer),
                web.get(f"/v1/models/{name}", self._describe),
                web.get(f"/v1/models/{name}/skeleton", self._skeleton),
                web.post(f"/v1/models/{name}/plans", self._plans),
                web.get("/v1/bundles/{digest}", self._bundle),
                web.get("/v1/signing-key", self._signing_key),
                web.put(f"/v1/models/{name}/calibrations/{{name}}/{{index}}", self._calibration),
                web.get(f"/v1/models/{name}/weights", self._weights),
                web.route("*", "/{path:.*}", self._nothing),
            ]
        )
        return app

    @web.middleware
    async def _login(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        assert request.transport is not None
        self.ports.append(request.transport.get_extra_info("peername")[1])
        if self.page is None:
            return await handler(request)
        status, content_type, body = self.page
        await request.read()
        headers = {"Location": "/login"} if status == 302 else {}
        return web.Response(status=status, body=body, content_type=content_type, headers=headers)

    async def _carry(self, request: web.Request) -> bytes:
        self.calls.append(request.path)
        is_welcome = request.headers.get("Authorization") == f"Bearer {self.token}" and self.mode != "401"
        if not is_welcome and not request.path.endswith("live"):
            raise web.HTTPUnauthorized(
                content_type="application/json", text='{"error": "the token is wrong"}'
            )
        body = await request.read()
        if self.mode in ("hang", "wait"):
            self.has_one.set()
            await (asyncio.sleep(3600) if self.mode == "hang" else self.go_on.wait())
        await asyncio.sleep(self.rtt_s + 8 * (len(body) + 330) / self.bandwidth_bps)
        return body

    async def _probe(self, request: web.Request) -> web.Response:
        await self._carry(request)
        return web.json_response({})

    async def _infer(self, request: web.Request) -> web.StreamResponse:
        received_s = time.perf_counter()
        body = await self._carry(request)
        carried_s = time.perf_counter() - received_s
        if self.mode in ("cut-off", "cut-once"):
            self.mode = "ok" if self.mode == "cut-once" else self.mode
            return await self._cut_off(request)
        if self.mode == "500":
            raise web.HTTPInternalServerError(
                content_type="application/json", text='{"error": "out of order"}'
            )
        if self.mode == "garbage":
            return web.Response(body=b"\x00\xffgarbage", headers={HEADER_LENGTH: "99"})
        call = Call(body, int(request.headers[HEADER_LENGTH]), received_s + carried_s)
        try:
            answer, length = await asyncio.to_thread(self.plane.answer, self.graph.name, call)
        except EvoSplitError as refusal:
            return web.json_response({"error": str(refusal)}, status=refusal.http_status)
        if self.mode == "wrong-output":
            answer = answer.replace(b'"shape":[1,5]', b'"shape":[5,1]')
        return web.Response(body=answer, headers={HEADER_LENGTH: str(length)})

    async def _cut_off(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"half an ans")
        assert request.transport is not None
        request.transport.abort()
        return response

    async def _describe(self, request: web.Request) -> web.Response:
        await self._carry(request)
        described = {"name": self.graph.name, "sha256": self.graph.sha256, "card": None}
        return web.json_response(described | {"restorations": self.restorations})

    async def _skeleton(self, request: web.Request) -> web.Response:
        await self._carry(request)
        return web.Response(body=strip_weights(self.graph.model)[0].SerializeToString())

    async def _plans(self, request: web.Request) -> web.Response:
        body = await self._carry(request)
        self.plan_requests.append(json.loads(body))
        await asyncio.sleep(self.plan_s)
        if self.plans_refused:
            return web.json_response({"error": "no plan meets the limits"}, status=self.plans_refused)
        if self.next_bundles:
            self.bundle, self.digest = self.next_bundles.pop(0)
        if self.signer is not None:
            model = Model(Path("net.onnx"), self.graph, self.card)
            signed = self.signer.sign(model, PlanAnswer(self.digest, make_table(self.graph)), body)
            self.releases.append(to_data(signed.release))
        release = {"release": self.releases[self.shown_release]} if self.releases else {}
        return web.json_response({"bundle": self.digest, "table": {}, **release})

    async def _signing_key(self, request: web.Request) -> web.Response:
        if self.signer is None:
            return await self._nothing(request)
        return web.json_response({"key": self.signer.public_key.decode()})

    async def _nothing(self, request: web.Request) -> web.Response:
        self.calls.append(request.path)
        return web.json_response({"error": "no such path"}, status=404)

    async def _bundle(self, request: web.Request) -> web.StreamResponse:
        await self._carry(request)
        assert self.bundle is not None
        if request.match_info["digest"] != self.digest:
            raise web.HTTPNotFound(content_type="application/json", text='{"error": "no such bundle"}')
        return web.Response(body=self.bundle.read_bytes())

    async def _calibration(self, request: web.Request) -> web.Response:
        body = await self._carry(request)
        if self.calibrations is None:
            raise web.HTTPNotFound(content_type="application/json", text='{"error": "Not Found"}')
        model = Model(Path("net.onnx"), self.graph, self.card)
        name, index = request.match_info["name"], int(request.match_info["index"])
        try:
            self.calibrations.put(model, name, index, body, int(request.headers[HEADER_LENGTH]))
        except EvoSplitError as refusal:
            return web.json_response({"error": str(refusal)}, status=refusal.http_status)
        return web.json_response({"name": name, "input": index})

    async def _weights(self, request: web.Request) -> web.Response:
        await self._carry(request)
        assert self.bundle is not None
        return web.Response(body=(self.bundle.parent / "net.onnx").read_bytes())


@dataclass
class Stage:
    """An agent on its own HTTP server, the cloud behind it, and a client session for the agent."""

    agent: Agent
    cloud: FakeCloud
    cloud_server: TestServer
    url: str
    client: aiohttp.ClientSession

    @property
    def cloud_url(self) -> str:
        """Where the agent and whoever stands beside it find the cloud."""
        return str(self.cloud_server.make_url("")).rstrip("/")

    async def post(
        self, picture: bytes, headers: dict[str, str] | None = None, **query: str
    ) -> tuple[int, Any]:
        async with self.client.post(
            f"{self.url}/v1/frames", data=picture, params=query, headers=headers
        ) as response:
            return response.status, await response.json()

    async def get(self, path: str, **query: str) -> tuple[int, Any]:
        async with self.client.get(f"{self.url}{path}", params=query) as response:
            return response.status, await response.json()


@contextlib.asynccontextmanager
async def stage(
    folder: Path,
    with_fallback: bool = True,
    with_card: bool = True,
    cloud_up: bool = True,
    table_of: Callable[[Graph, bool], PlanTable] = make_table,
    model_of: Callable[[], onnx.ModelProto] = models.chain_net,
    calibration: CalibrationKind | None = None,
    promised_drop: float | None = None,
    bandwidth_bps: float = 1e12,
    real_timeouts: bool = False,
    **settings: Any,
) -> AsyncIterator[Stage]:
    folder.mkdir(exist_ok=True)
    graph = load_net(folder, model_of=model_of)
    card = net_card(graph) if with_card else None
    path = folder / "net.evb"
    digest = write_net_bundle(graph, path, table_of(graph, with_fallback), card, calibration, promised_drop)
    cloud = FakeCloud(
        graph,
        card,
        path,
        digest,
        bandwidth_bps=bandwidth_bps,
        calibrations=CalibrationStore(folder / "calibrations"),
    )
    server = TestServer(cloud.app())
    await server.start_server()
    url = str(server.make_url("")) if cloud_up else "http://127.0.0.1:9"
    # The table's seconds are made up, and frames would soon refute them.
    made_up: dict[str, Any] = {"corrections": False, "probe_interval_s": 0.05, "timeout_s": 3.0}
    options = made_up | settings
    chosen = EdgeSettings(cloud_url=url, model="net", data=folder / "data", token=TOKEN, **options)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(server.close)
        session: Any = await stack.enter_async_context(cloud_session())
        if not real_timeouts:
            session = PatientSession(session, cloud)
        bundle = Bundle.open(path, digest)
        agent = await stack.enter_async_context(running_agent(chosen, bundle, TOKEN, session))
        front = TestServer(make_app(agent, TOKEN, chosen.data, chosen.max_body_bytes))
        await front.start_server(auto_decompress=False)
        stack.push_async_callback(front.close)
        client = await stack.enter_async_context(aiohttp.ClientSession(headers=bearer(TOKEN)))
        yield Stage(agent, cloud, server, str(front.make_url("")).rstrip("/"), client)


async def use_the_middle(on: Stage, cut_key: str = "3") -> None:
    """The plan that cuts in the middle, all heads built."""
    on.cloud.bandwidth_bps = MIDDLE_BPS
    plans = on.agent.plans
    cuts = {plan.cut_key for plan in choices(plans.model.table)}
    await until(lambda: plans.plan.cut_key == cut_key and plans.heads_ready() == len(cuts))


@contextlib.asynccontextmanager
async def middle_stage(folder: Path, cut_key: str = "3", **options: Any) -> AsyncIterator[Stage]:
    """A stage whose link makes the agent begin with the plan that cuts in the middle."""
    async with stage(folder, bandwidth_bps=MIDDLE_BPS, **options) as on:
        await use_the_middle(on, cut_key)
        yield on


def picture(seed: int = 0, size: tuple[int, int] = (24, 32), kind: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind)
    return content.getvalue()


async def until(condition: Any, limit_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "it never came true"
        await asyncio.sleep(0.01)
