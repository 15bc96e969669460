"""A stock client of the Open Inference Protocol against the agent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edge_support import Stage, stage
from fake_cloud import TOKEN

from evosplit.shared.session import Runner
from evosplit.shared.token import bearer

pytestmark = pytest.mark.filterwarnings("ignore")


def ask(url: str, values: np.ndarray, **options: Any) -> np.ndarray:
    import tritonclient.http as triton

    client = triton.InferenceServerClient(url.removeprefix("http://"))
    try:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("net", headers=bearer(TOKEN))
        assert client.get_model_metadata("net", headers=bearer(TOKEN))["inputs"][0]["datatype"] == "FP32"
        assert "binary_tensor_data" in client.get_server_metadata(headers=bearer(TOKEN))["extensions"]
        given = triton.InferInput("x", list(values.shape), "FP32")
        given.set_data_from_numpy(values, binary_data=options.pop("binary_input", True))
        answer = client.infer("net", [given], headers=bearer(TOKEN), **options)
        assert answer.get_response()["parameters"]["answered_by"] in ("cloud", "edge", "edge-fallback")
        found: np.ndarray = answer.as_numpy("y")
        return found
    finally:
        client.close()


def whole(on: Stage, values: np.ndarray) -> np.ndarray:
    return Runner(on.cloud.graph.model).run({"x": values})["y"]


async def test_the_agent_answers_like_the_whole_model(tmp_path: Path) -> None:
    import tritonclient.http as triton

    values = np.random.default_rng(1).normal(size=(1, 3, 16, 16)).astype(np.float32)
    async with stage(tmp_path) as on:
        expected = whole(on, values)
        variants: list[dict[str, Any]] = [
            {},
            {"binary_input": False},
            {"request_id": "seven"},
            {"request_compression_algorithm": "gzip"},
            {"request_compression_algorithm": "deflate", "response_compression_algorithm": "gzip"},
            {"outputs": [triton.InferRequestedOutput("y", binary_data=False)]},
            {"outputs": [triton.InferRequestedOutput("y", binary_data=True)]},
        ]
        for options in variants:
            found = await asyncio.to_thread(ask, on.url, values, **options)
            assert found.shape == (1, 5)
            assert np.abs(found - expected).max() <= 0.05 * np.ptp(expected)
        best = await asyncio.to_thread(
            ask, on.url, values, outputs=[triton.InferRequestedOutput("y", class_count=2)]
        )
        assert [int(entry.split(b":")[1]) for entry in best.reshape(-1)] == list(np.argsort(-expected[0])[:2])


async def test_errors_reach_the_client_as_one_line(tmp_path: Path) -> None:
    import tritonclient.http as triton
    from tritonclient.utils import InferenceServerException

    async with stage(tmp_path) as on:

        def wrong() -> None:
            client = triton.InferenceServerClient(on.url.removeprefix("http://"))
            try:
                given = triton.InferInput("x", [1, 3, 4, 4], "FP32")
                given.set_data_from_numpy(np.zeros((1, 3, 4, 4), np.float32))
                client.infer("net", [given], headers=bearer(TOKEN))
            finally:
                client.close()

        with pytest.raises(InferenceServerException, match="the model takes FP32"):
            await asyncio.to_thread(wrong)
