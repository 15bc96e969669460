"""gRPC of the inference protocol, with its stock client: answers as over REST, errors with their codes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from cloud_support import TOKEN, app_client, frame_bytes, seeded_feeds, whole_outputs
from otlp_receiver import otlp_receiver

from evosplit.cloud.grpc_messages import message_class
from evosplit.cloud.grpc_service import METHODS, GrpcMethods, add_servicer
from evosplit.cloud.grpc_tensors import request_of
from evosplit.cloud.ingress import access_of
from evosplit.cloud.registry import Registry
from evosplit.cloud.services import Services
from evosplit.shared import oip
from evosplit.shared.errors import EvoSplitError, InputError
from evosplit.shared.graph import prefix_cut
from evosplit.shared.token import bearer
from evosplit.shared.tracing.trace_context import TRACEPARENT, new_trace

HEADERS = {"authorization": bearer(TOKEN)["Authorization"]}


class Servicer:
    """Every method of the protocol, as Ray Serve calls them in a replica."""

    def __init__(self, methods: GrpcMethods) -> None:
        for name in METHODS:
            setattr(self, name, self._method(methods, name))

    @staticmethod
    def _method(methods: GrpcMethods, name: str) -> Any:
        async def method(message: Any, context: Any) -> Any:
            try:
                return await methods.call(name, message, context)
            except EvoSplitError:  # its status is told already, as Ray Serve has it
                await context.abort(context.code(), context.details())

        return method


@contextlib.asynccontextmanager
async def stock_client(services: Services) -> AsyncIterator[Any]:
    from tritonclient.grpc.aio import InferenceServerClient

    server = grpc.aio.server()
    add_servicer(Servicer(GrpcMethods(services, access_of(services.settings))), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with InferenceServerClient(f"127.0.0.1:{port}") as stock:
        yield stock
    await server.stop(None)


@pytest.fixture
async def client(tiny_models: Path) -> AsyncIterator[Any]:
    with app_client(tiny_models) as made:
        async with stock_client(made.services) as stock:
            yield stock


def given(name: str, array: np.ndarray, datatype: str) -> Any:
    from tritonclient.grpc import InferInput

    made = InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array)
    return made


async def test_a_stock_client_finds_its_way(client: Any) -> None:
    assert await client.is_server_live()
    assert await client.is_server_ready()
    assert await client.is_model_ready("chain", headers=HEADERS)
    assert not await client.is_model_ready("other", headers=HEADERS)
    assert (await client.get_server_metadata(headers=HEADERS)).name == "evosplit"
    described = await client.get_model_metadata("chain", headers=HEADERS)
    assert list(described.inputs[0].shape) == [1, 3, 16, 16]


async def test_a_stock_client_infers(client: Any, registry: Registry) -> None:
    from tritonclient.grpc import InferRequestedOutput

    model = registry.get("chain")
    feeds = seeded_feeds(model)
    inputs = [given("x", feeds["x"], "FP32")]
    got = await client.infer("chain", inputs, request_id="7", headers=HEADERS)
    assert got.get_response().id == "7"
    np.testing.assert_allclose(got.as_numpy("y"), whole_outputs(model, feeds)["y"], rtol=1e-4, atol=1e-5)
    best = await client.infer(
        "chain", inputs, outputs=[InferRequestedOutput("y", class_count=2)], headers=HEADERS
    )
    assert best.as_numpy("y").shape == (1, 2)


async def test_a_frame_runs_its_tail(client: Any, registry: Registry) -> None:
    model = registry.get("residual")
    feeds = seeded_feeds(model)
    content = np.frombuffer(frame_bytes(model, prefix_cut(model.graph, 2), feeds), np.uint8)
    got = await client.infer("residual", [given(oip.FRAME_INPUT, content, "UINT8")], headers=HEADERS)
    np.testing.assert_allclose(got.as_numpy("y"), whole_outputs(model, feeds)["y"], rtol=1e-4, atol=1e-5)


async def test_a_traced_call_goes_on_with_its_senders_trace(tiny_models: Path) -> None:
    from tritonclient.utils import InferenceServerException

    sender = new_trace(1.0)
    told = {**HEADERS, TRACEPARENT: sender.header()}
    with otlp_receiver() as received, app_client(tiny_models, traces=received.url) as made:
        feeds = seeded_feeds(made.services.registry.get("chain"))
        async with stock_client(made.services) as stock:
            await stock.infer("chain", [given("x", feeds["x"], "FP32")], headers=told)
            with pytest.raises(InferenceServerException):
                await stock.infer("other", [given("x", feeds["x"], "FP32")], headers=HEADERS)
        whole = await asyncio.to_thread(received.named, "infer chain")
        assert int.from_bytes(whole.trace_id, "big") == sender.trace_id
        assert int.from_bytes(whole.parent_span_id, "big") == sender.span_id
        assert received.below(whole) == ["decode", "run", "encode"]
        refused = await asyncio.to_thread(received.named, "infer other")
        assert not refused.parent_span_id
        assert "other" in refused.status.message


@pytest.mark.parametrize(
    ("model", "shape", "headers", "code"),
    [
        ("chain", (1, 3, 16, 15), HEADERS, "INVALID_ARGUMENT"),
        ("other", (1, 3, 16, 16), HEADERS, "NOT_FOUND"),
        ("chain", (1, 3, 16, 16), {"authorization": "Bearer wrong"}, "UNAUTHENTICATED"),
        ("chain", (1, 3, 16, 16), {}, "UNAUTHENTICATED"),
        ("chain", (1, 3, 16, 16), {**HEADERS, oip.TIME_LEFT.lower(): "0"}, "DEADLINE_EXCEEDED"),
    ],
)
async def test_errors_have_their_codes(
    client: Any, model: str, shape: tuple[int, ...], headers: dict[str, str], code: str
) -> None:
    from tritonclient.utils import InferenceServerException

    with pytest.raises(InferenceServerException) as refused:
        await client.infer(model, [given("x", np.zeros(shape, np.float32), "FP32")], headers=headers)
    assert str(refused.value.status()) == f"StatusCode.{code}"


@pytest.mark.parametrize(
    ("datatype", "contents", "array"),
    [
        ("FP32", {"fp32_contents": [0.5, 2]}, np.array([0.5, 2], np.float32)),
        ("UINT8", {"uint_contents": [1, 255]}, np.array([1, 255], np.uint8)),
        ("INT64", {"int64_contents": [-1, 2]}, np.array([-1, 2])),
        ("BOOL", {"bool_contents": [True, False]}, np.array([True, False])),
    ],
)
def test_typed_contents(datatype: str, contents: dict[str, Any], array: np.ndarray) -> None:
    message = message_class("ModelInferRequest")(model_name="m")
    message.inputs.add(name="x", datatype=datatype, shape=[2], contents=contents)
    read = request_of(message).inputs[0].data
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize(
    ("shape", "contents", "raw"),
    [
        ([3], {"fp32_contents": [1, 2]}, []),
        ([-1], {}, [b""]),
        ([2], {}, [b"1234"]),
        ([1], {}, [b"1234", b""]),
    ],
)
def test_contents_that_do_not_fit(shape: list[int], contents: dict[str, Any], raw: list[bytes]) -> None:
    message = message_class("ModelInferRequest")(model_name="m", raw_input_contents=raw)
    message.inputs.add(name="x", datatype="FP32", shape=shape, contents=contents)
    with pytest.raises(InputError):
        request_of(message)


def test_numbers_that_the_type_does_not_hold() -> None:
    message = message_class("ModelInferRequest")(model_name="m")
    message.inputs.add(name="x", datatype="UINT8", shape=[1], contents={"uint_contents": [256]})
    with pytest.raises(InputError, match="UINT8"):
        request_of(message)
