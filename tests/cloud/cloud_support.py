"""A folder of tiny models, the application without Ray, and a client that calls it without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from starlette.types import ASGIApp, Message

from evosplit.cloud.app_settings import AppSettings
from evosplit.cloud.bundle_signer import BundleSigner
from evosplit.cloud.dataplane import DataPlane
from evosplit.cloud.fleet.fleet import Fleet
from evosplit.cloud.fleet.fleet_results import FleetResults
from evosplit.cloud.inference import Inference
from evosplit.cloud.ingress import access_of, make_app
from evosplit.cloud.plan_service import MakePlans, PlanAnswer, PlanRequest, PlanService
from evosplit.cloud.registry import Model, Registry, open_registry
from evosplit.cloud.repository.canary import CanaryWatch
from evosplit.cloud.repository.model_source import ModelFolder
from evosplit.cloud.repository.trial_reports import TrialReports
from evosplit.cloud.repository.version_store import VersionStore
from evosplit.cloud.services import Services
from evosplit.cloud.tail_builder import TailBuilder
from evosplit.cloud.tail_cache import TailCache
from evosplit.cloud.tail_warming import TailWarmer
from evosplit.cloud.telemetry.request_traces import request_traces
from evosplit.kernels.codec import encode_tensor
from evosplit.shared import oip
from evosplit.shared.graph import Cut
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model
from evosplit.shared.token import bearer
from evosplit.shared.wire import Frame, encode_frame
from evosplit.shared.worker_threads import WorkerThreads
from tests import models as nets

TOKEN = "a-token-for-tests"
CARD = """
version: 1
name: tiny
input: {colour: RGB, scale: 1/255, resize: {kind: stretch}}
output: {kind: classes}
labels: [ant, bee, cat, dog, elk]
"""


def model_folder(folder: Path) -> Path:
    """``chain`` with a card, ``residual``, ``branch`` with two inputs and three outputs."""
    folder.mkdir(parents=True, exist_ok=True)
    nets.save(nets.chain_net(), folder, "chain")
    nets.save(nets.residual_net(), folder, "residual")
    nets.save(nets.branch_net(), folder, "branch")
    (folder / "chain.yaml").write_text(CARD)
    return folder


def no_plans(model: Model, request: PlanRequest, path: Path) -> PlanAnswer:
    """A planner that must not be asked."""
    raise AssertionError("nobody asked for a plan")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def infer(self) -> oip.InferResponse:
        length = self.headers.get(oip.HEADER_LENGTH.lower())
        return oip.parse_response(self.body, None if length is None else int(length))


@dataclass(frozen=True)
class Client:
    """Calls an ASGI application in this process, with the right token unless told otherwise."""

    app: ASGIApp
    services: Services

    def get(self, path: str, headers: Mapping[str, str] = bearer(TOKEN)) -> Answer:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: bytes, headers: Mapping[str, str] = {}) -> Answer:
        return self.call("POST", path, [body], {**bearer(TOKEN), **headers})

    def infer(self, model: str, request: oip.InferRequest, headers: Mapping[str, str] = {}) -> Answer:
        body, length = oip.build_request(request)
        return self.post(f"/v2/models/{model}/infer", body, {oip.HEADER_LENGTH: str(length), **headers})

    def call(
        self, method: str, path: str, body: Iterable[bytes] = (b"",), headers: Mapping[str, str] = {}
    ) -> Answer:
        return asyncio.run(self._call(method, path, list(body), headers))

    def call_raising(self, method: str, path: str, kind: type[Exception]) -> Answer:
        """As `call`, for a request whose bug is raised again after its answer has gone."""
        return asyncio.run(self._call(method, path, [b""], bearer(TOKEN), kind))

    async def _call(
        self,
        method: str,
        path: str,
        body: list[bytes],
        headers: Mapping[str, str],
        raises: type[Exception] | None = None,
    ) -> Answer:
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        return await self.ask(method, path, body, pairs, raises)

    async def ask(
        self,
        method: str,
        path: str,
        body: list[bytes],
        headers: Sequence[tuple[bytes, bytes]],
        raises: type[Exception] | None = None,
    ) -> Answer:
        """As `call`, in the event loop that runs, with headers as ASGI has them."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path.partition("?")[0],
            "raw_path": path.encode(errors="surrogateescape"),
            "query_string": path.partition("?")[2].encode(),
            "root_path": "",
            "scheme": "http",
            "server": ("test", 80),
            "headers": list(headers),
        }
        sent: list[Message] = []
        pending = [
            {"type": "http.request", "body": part, "more_body": index + 1 < len(body)}
            for index, part in enumerate(body)
        ]

        async def receive() -> Message:
            if pending:
                return pending.pop(0)
            await asyncio.sleep(3600)
            raise AssertionError("nobody waits so long")

        async def send(message: Message) -> None:
            sent.append(message)

        with pytest.raises(raises) if raises else nullcontext():
            await self.app(scope, receive, send)
        head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], head, b"".join(part.get("body", b"") for part in sent[1:]))


@contextmanager
def app_client(folder: Path, make_plans: MakePlans = no_plans, **settings: Any) -> Iterator[Client]:
    """The application over a folder of models."""
    chosen = AppSettings(models=folder, data=folder / "data", token=TOKEN, threads=1, **settings)
    registry, store = open_registry(ModelFolder(folder)), chosen.store_places.open()
    plane = data_plane(registry)
    inference = Inference(plane, 2, chosen.infer_timeout_s)
    plans = PlanService(store, make_plans)
    versions, trials = VersionStore(chosen.data), TrialReports(chosen.data)
    with closing(WorkerThreads(1, "other")) as pool, closing(WorkerThreads(1, "plan")) as plan_pool:
        services = Services(
            settings=chosen,
            registry=registry,
            plane=plane,
            plans=plans,
            fleet=Fleet(store.records, plans.bundles, chosen.heartbeat_s),
            results=FleetResults(store.records, chosen.keep_results),
            warmer=TailWarmer(plane),
            signer=BundleSigner(chosen.data, store.records),
            inference=inference,
            pool=pool,
            plan_pool=plan_pool,
            versions=versions,
            trials=trials,
            canary=CanaryWatch(registry, plane, versions, trials),
            traces=request_traces(chosen.traces, chosen.trace_ratio),
        )
        yield Client(make_app(services, access_of(services.settings)), services)
        inference.close()
        services.canary.close()


P = TypeVar("P", bound=DataPlane)


def data_plane(registry: Registry, limit_bytes: int = 10**9, kind: type[P] = DataPlane) -> P:  # type: ignore[assignment]
    return kind(registry, TailCache(limit_bytes), TailBuilder(1))


def seeded_feeds(model: Model, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    described = (model.graph.tensors[name] for name in model.graph.inputs)
    return {item.name: rng.standard_normal(item.shape).astype(item.dtype) for item in described}


def whole_outputs(model: Model, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the network answers, computed in one piece."""
    return Runner(model.graph.model).run(feeds)


def plain_request(feeds: Mapping[str, np.ndarray], **more: Any) -> oip.InferRequest:
    inputs = tuple(oip.tensor(name, array) for name, array in feeds.items())
    return oip.InferRequest(inputs, **{"binary_default": True, **more})


def frame_bytes(model: Model, cut: Cut, feeds: Mapping[str, np.ndarray], bits: int = FLOAT_BITS) -> bytes:
    """What an edge would send at this cut."""
    head = Runner(head_model(model.graph, cut))
    made = head.run({name: feeds[name] for name in head.input_names})
    tensors = tuple(encode_tensor(name, made[name], TensorCode(bits)) for name in cut.boundary)
    return encode_frame(Frame("frame-1", model.graph.sha256, cut.key, tensors))


def blob_request(name: str, content: bytes) -> oip.InferRequest:
    return oip.InferRequest((oip.blob_tensor(name, content),), binary_default=True)
