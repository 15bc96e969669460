"""Mutated requests at every route of the cloud tier: each ends in an answer or in one line, within bounds.

``EVOSPLIT_FUZZ_REQUESTS`` says how many; see `make fuzz`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from cloud_support import TOKEN, Client, app_client, blob_request, frame_bytes, plain_request, seeded_feeds

from evosplit.cloud.plan_service import PlanAnswer, PlanRequest
from evosplit.cloud.registry import Model, Registry
from evosplit.kernels.delta import encode_delta
from evosplit.kernels.unpacked_codes import digest, encode_whole, to_codes
from evosplit.shared import oip
from evosplit.shared.errors import UsageError
from evosplit.shared.graph import prefix_cut
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from evosplit.shared.profiler import measure_profile
from evosplit.shared.serial import to_data
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model
from evosplit.shared.token import bearer
from evosplit.shared.wire import Frame, StreamHead, decode_frame, encode_frame
from tests.mutated_requests import REQUESTS, Request, fuzz
from tests.mutations import mutated

WELCOME = tuple(bearer(TOKEN).items())


def no_plan(model: Model, request: PlanRequest, path: Path) -> PlanAnswer:
    """What was asked could be read; no more is wanted here."""
    raise UsageError("no plans today")


def infer(name: str, asked: oip.InferRequest) -> Request:
    body, length = oip.build_request(asked)
    headers = ((oip.HEADER_LENGTH, str(length)), (oip.TIME_LEFT, "30"))
    return Request("POST", f"/v2/models/{name}/infer", headers=(*WELCOME, *headers), body=body)


def frames(model: Model) -> list[bytes]:
    """Of several cuts, widths and coders; a stream's key frame and one that builds on it."""
    feeds, made = seeded_feeds(model), []
    for cut in (prefix_cut(model.graph, place) for place in range(0, len(model.graph.layers), 2)):
        made += [frame_bytes(model, cut, feeds, bits) for bits in (3, 8, FLOAT_BITS)]
        runner, code = Runner(head_model(model.graph, cut)), TensorCode(4, -4.0, 4.0, "rans")
        passed = [feeds | {"x": feeds["x"] + change} for change in (0.0, 0.01)]
        outputs = [runner.run({name: each[name] for name in runner.input_names}) for each in passed]
        first, second = (
            {name: to_codes(name, each[name], code) for name in cut.boundary} for each in outputs
        )
        whole = tuple(encode_whole(codes) for codes in first.values())
        changes = tuple(encode_delta(first[name], second[name], 8, 0)[0] for name in cut.boundary)
        key, later = (digest(codes.values()) for codes in (first, second))
        pairs = (
            (whole, None),
            (whole, StreamHead(1, "s", 1, 0, 8, key)),
            (changes, StreamHead(1, "s", 2, 1, 8, later)),
        )
        made += [encode_frame(Frame("f", model.graph.sha256, cut.key, *pair)) for pair in pairs]
    return made


def inside(rng: np.random.Generator, content: bytes) -> bytes:
    """A frame whose entropy-coded payloads were mutated under a right checksum."""
    frame = decode_frame(content)
    changed = (
        dataclasses.replace(tensor, payload=mutated(rng, bytes(tensor.payload)) or b"x")
        for tensor in frame.tensors
        if tensor.codec.startswith("rans")
    )
    by_name = {tensor.name: tensor for tensor in changed}
    tensors = tuple(by_name.get(tensor.name, tensor) for tensor in frame.tensors)
    return encode_frame(dataclasses.replace(frame, tensors=tensors))


def good_requests(registry: Registry) -> list[Request]:
    rng, made = np.random.default_rng(1), []
    for name in ("chain", "residual", "branch"):
        model = registry.get(name)
        for content in frames(model):
            made += [
                infer(name, blob_request(oip.FRAME_INPUT, each)) for each in (content, inside(rng, content))
            ]
        made.append(infer(name, plain_request(seeded_feeds(model), id="7")))
        profile = to_data(measure_profile(model.graph, 1, 1.0))
        asked = json.dumps({"profile": profile, "rtt_s": 0.01}).encode()
        made.append(Request("POST", f"/v1/models/{name}/plans", headers=WELCOME, body=asked))
    whole = made[-2]
    put = dataclasses.replace(whole, method="PUT", path="/v1/models/branch/calibrations/set/0")
    packed = dataclasses.replace(
        whole, headers=(*whole.headers, ("Content-Encoding", "gzip")), body=gzip.compress(whole.body)
    )
    paths = ("/v2", "/v1/models", "/v1/models/chain", "/v2/models/chain", "/v2/models/chain/ready")
    more = ("/v1/models/chain/skeleton", "/v1/models/chain/calibrations/set", f"/v1/bundles/{'0' * 64}")
    read = [Request("GET", path, headers=WELCOME) for path in (*paths, *more, "/v2/health/ready")]
    return [*made, put, packed, *read, Request("POST", "/v1/probe", headers=WELCOME, body=bytes(100))]


async def ask(client: Client, request: Request) -> tuple[int, bytes]:
    headers = [(name.lower().encode(), text.encode("latin-1")) for name, text in request.headers]
    answer = await client.ask(request.method, request.path, [request.body], headers)
    return answer.status, answer.body


@pytest.mark.timeout(0)
def test_mutated_requests(registry: Registry, tiny_models: Path) -> None:
    with app_client(tiny_models, no_plan, max_body_bytes=10**6) as client:
        counts = asyncio.run(fuzz(lambda request: ask(client, request), good_requests(registry)))
    assert sum(counts.values()) == REQUESTS
    assert {200, 400} <= counts.keys()
