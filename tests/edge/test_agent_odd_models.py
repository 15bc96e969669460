"""The agent with models whose inputs and outputs are not all tensors of numbers that are read."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from edge_support import Stage, stage
from fake_cloud import TOKEN
from net_bundle import make_plan

from evosplit.shared.graph import Graph
from evosplit.shared.plan import FLOAT_BITS, Latency, PlanTable
from evosplit.shared.session import Runner
from evosplit.shared.token import bearer
from tests import odd_models

pytestmark = pytest.mark.filterwarnings("ignore")
MODELS = {
    "strings": functools.partial(odd_models.classifier, False),
    "zipped": functools.partial(odd_models.classifier, True),
    "passing": odd_models.passing,
    "unread": odd_models.unread,
}
FEEDS = {"x": np.array([[0.5, 1.0, -2.0, 3.0]], np.float32)}


def _table(graph: Graph, _with_fallback: bool, cut: int) -> PlanTable:
    last = len(graph.layers)
    plan = make_plan(graph, cut, 0.001, 0 if cut == last else 100, FLOAT_BITS)
    # A slow cloud is waited for: this is no test of time-outs.
    plan = dataclasses.replace(plan, latency=Latency(0.001, 0.001, 10.0))
    return PlanTable(graph.name, graph.sha256, 0.002, (), (plan,), make_plan(graph, last, 100.0, 0))


def _ask(url: str, feeds: Mapping[str, np.ndarray], binary: bool) -> tuple[str, dict[str, np.ndarray]]:
    import tritonclient.http as triton

    client = triton.InferenceServerClient(url.removeprefix("http://"))
    try:
        told = client.get_model_metadata("net", headers=bearer(TOKEN))
        given = []
        for name, values in feeds.items():
            given.append(triton.InferInput(name, list(values.shape), "FP32"))
            given[-1].set_data_from_numpy(values, binary_data=binary)
        names = [output["name"] for output in told["outputs"]]
        wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in names]
        answer = client.infer("net", given, outputs=wanted, headers=bearer(TOKEN))
        return answer.get_response()["parameters"]["answered_by"], {n: answer.as_numpy(n) for n in names}
    finally:
        client.close()


def _texts(values: np.ndarray) -> list[str]:
    return [one.decode() if isinstance(one, bytes) else one for one in values.reshape(-1)]


@contextlib.asynccontextmanager
async def _stage(folder: Path, name: str, cut: int) -> AsyncIterator[Stage]:
    model_of: Any = MODELS[name]
    table_of = functools.partial(_table, cut=cut)
    async with stage(folder, with_card=False, table_of=table_of, model_of=model_of, timeout_s=30.0) as on:
        yield on


def _check(found: Mapping[str, np.ndarray], model: onnx.ModelProto) -> None:
    wanted = Runner(model).run(FEEDS)
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        if values.dtype == object:
            assert _texts(found[name]) == list(values)
        else:
            np.testing.assert_allclose(found[name], values, rtol=1e-5)


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
@pytest.mark.parametrize("name", ["strings", "zipped"])
async def test_labels_are_the_same_behind_every_cut(tmp_path: Path, name: str, cut: int) -> None:
    async with _stage(tmp_path, name, cut) as on:
        for binary in (True, False):
            by, found = await asyncio.to_thread(_ask, on.url, FEEDS, binary)
            assert by == ("edge" if cut == 3 else "cloud")
            _check(found, on.cloud.graph.model)


@pytest.mark.parametrize("cut", [0, 1, 2])
async def test_inputs_and_weights_that_are_outputs(tmp_path: Path, cut: int) -> None:
    async with _stage(tmp_path, "passing", cut) as on:
        by, found = await asyncio.to_thread(_ask, on.url, FEEDS, True)
        assert by == ("edge" if cut == 2 else "cloud")
        _check(found, on.cloud.graph.model)


async def test_inputs_that_nothing_reads_may_be_left_out(tmp_path: Path) -> None:
    async with _stage(tmp_path, "unread", 1) as on:
        for more in ({}, {"z": np.ones((1, 5), np.float32)}):
            _, found = await asyncio.to_thread(_ask, on.url, {**more, **FEEDS}, True)
            _check(found, on.cloud.graph.model)
