"""Cloud without Ray, for tests of agents: the real data plane behind a few aiohttp routes, faulty on demand.

It can shape its link (answers wait for ``rtt_s`` and for the body's bytes), be slow, refuse, talk garbage,
break off, or hang.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from aiohttp.typedefs import Handler
from net_bundle import make_table

from evosplit.cloud.bundle_signer import BundleSigner
from evosplit.cloud.calibration_store import CalibrationStore
from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.plan_service import PlanAnswer
from evosplit.cloud.registry import Model, registry_of
from evosplit.cloud.stream_state import StreamStore
from evosplit.cloud.tail_builder import TailBuilder
from evosplit.cloud.tail_cache import TailCache
from evosplit.shared.card import Card
from evosplit.shared.errors import EvoSplitError, InputError, RestorationError
from evosplit.shared.fleet.heartbeat import Heartbeat, HeartbeatAnswer
from evosplit.shared.fleet.posted_result import PostedResult
from evosplit.shared.graph import Graph
from evosplit.shared.oip import HEADER_LENGTH, server_timing_header
from evosplit.shared.restoration.network import Restoration
from evosplit.shared.serial import from_json, to_data
from evosplit.shared.weights import strip_weights

TOKEN = "a-test-token"


@dataclass
class FakeCloud:
    """Set the fields while it runs.

    ``mode``: ok, 500, 503, 401, garbage, wrong-output, nan, cut-off, cut-once, hang, wait (until ``go_on`` is
    set), late (inferences are computed, and their answers wait until ``go_on`` is set). With a ``page``
    (status, content type, body) a network's login page answers every request in its place;
    ``ports`` are the callers'. ``wait_s`` is what it says of its queue. ``has_one`` and ``go_on``: see
    `PatientSession`.
    """

    graph: Graph
    card: Card | None = None
    bundle: Path | None = None
    digest: str = ""
    mode: str = "ok"
    bandwidth_bps: float = 1e12
    rtt_s: float = 0.0
    wait_s: float | None = None
    networks: Mapping[str, Restoration] = field(default_factory=dict)
    """What frames may name, by name."""
    token: str = TOKEN
    calls: list[str] = field(default_factory=list)
    traceparents: list[str | None] = field(default_factory=list)
    """What inferences said."""
    computed: int = 0
    """Inferences that have their answers, sent or not."""
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
    heartbeats: list[Heartbeat] = field(default_factory=list)
    results: list[PostedResult] = field(default_factory=list)
    heartbeat_answer: HeartbeatAnswer | None = None
    """None: a cloud that knows no fleet."""
    page: tuple[int, str, bytes] | None = None
    ports: list[int] = field(default_factory=list)
    has_one: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.go_on.set()

    def restart(self) -> None:
        """Forget all streams; to an edge, that is also what an eviction or another replica looks like."""
        registry = registry_of([Model(Path("net.onnx"), self.graph, self.card)])
        self.streams = StreamStore()
        self.plane = DataPlane(
            registry, TailCache(10**8), TailBuilder(1), self.streams, restoration_of=self._restoration
        )

    def _restoration(self, name: str) -> Restoration:
        if name not in self.networks:
            raise RestorationError(f"no restoration {name} here")
        return self.networks[name]

    def serve(self, graph: Graph, bundle: Path, digest: str, answers_old: bool) -> None:
        """Another content of the model from now on; frames of the old one are answered, or refused."""
        old = Model(Path("net.onnx"), self.graph, self.card)
        registry = registry_of([Model(Path("net.onnx"), graph, self.card)])
        if answers_old:
            registry.publish(registry.catalogue.retiring(old, float("inf")))
        self.graph, self.bundle, self.digest = graph, bundle, digest
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
                web.post(f"/v1/models/{name}/heartbeat", self._heartbeat),
                web.post("/v1/results", self._result),
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
            if self.mode == "wait":
                await self.go_on.wait()
            # A request that was under way when the mode was set has no time-out: the next mode answers it.
            while self.mode == "hang":
                await asyncio.sleep(0.02)
        await asyncio.sleep(self.rtt_s + 8 * (len(body) + 330) / self.bandwidth_bps)
        return body

    async def _probe(self, request: web.Request) -> web.Response:
        await self._carry(request)
        return web.json_response({}, headers=self._timing())

    def _timing(self) -> dict[str, str]:
        return {} if self.wait_s is None else server_timing_header(self.wait_s, 0.0)

    async def _infer(self, request: web.Request) -> web.StreamResponse:
        received_s = time.perf_counter()
        self.traceparents.append(request.headers.get("traceparent"))
        body = await self._carry(request)
        carried_s = time.perf_counter() - received_s
        if self.mode in ("cut-off", "cut-once"):
            self.mode = "ok" if self.mode == "cut-once" else self.mode
            return await self._cut_off(request)
        if self.mode in ("500", "503"):
            return web.json_response({"error": "out of order"}, status=int(self.mode))
        if self.mode == "garbage":
            return web.Response(body=b"\x00\xffgarbage", headers={HEADER_LENGTH: "99"})
        call = Call(body, int(request.headers[HEADER_LENGTH]), received_s + carried_s)
        try:
            answer, length = await asyncio.to_thread(self.plane.answer, self.graph.name, call)
        except EvoSplitError as refusal:
            return web.json_response({"error": str(refusal)}, status=refusal.http_status)
        self.computed += 1
        if self.mode == "late":
            await self.go_on.wait()
        if self.mode == "wrong-output":
            answer = answer.replace(b'"shape":[1,5]', b'"shape":[5,1]')
        if self.mode == "nan":
            answer = answer[:-20] + np.full(5, np.nan, np.float32).tobytes()
        return web.Response(body=answer, headers={HEADER_LENGTH: str(length), **self._timing()})

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

    async def _result(self, request: web.Request) -> web.Response:
        self.results.append(from_json(PostedResult, await request.read(), EvoSplitError))
        return web.json_response({"new": True})

    async def _heartbeat(self, request: web.Request) -> web.Response:
        said = from_json(Heartbeat, await self._carry(request), InputError)
        self.heartbeats.append(said)
        if self.heartbeat_answer is None:
            return await self._nothing(request)
        return web.json_response(to_data(self.heartbeat_answer))

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
