"""Execution providers: one that is not there is said once, and the processor computes."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from evosplit.shared.errors import ModelError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.providers import Providers, gpu_provider
from evosplit.shared.session import Runner
from tests import models


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return load_graph(models.save(models.chain_net(), tmp_path_factory.mktemp("net"), "net"), "net")


def test_a_provider_that_is_not_there_is_said_once(graph: Graph, caplog: pytest.LogCaptureFixture) -> None:
    providers = Providers("tensorrt")
    with caplog.at_level(logging.WARNING):
        runners = [providers.open(graph.model) for _ in range(3)]
    assert len(caplog.records) == 1
    assert "the processor computes" in caplog.text
    assert runners[0].run(models.feeds(graph.model))["y"].shape == (1, 5)


def test_a_session_that_cannot_be_made_falls_back_too(
    graph: Graph, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def runner(
        model: Any, threads: int, providers: tuple[str, ...] = ("CPUExecutionProvider",), opener: Any = None
    ) -> Runner:
        if providers[0] != "CPUExecutionProvider":
            raise ModelError("CUDA failure 100: no CUDA-capable device is detected")
        return Runner(model, threads)

    monkeypatch.setattr("evosplit.shared.providers.Runner", runner)
    providers = Providers("cuda")
    providers.open(graph.model)
    providers.open(graph.model)
    assert len(caplog.records) == 1
    assert "no CUDA-capable device" in caplog.text
    assert providers.name == "cpu"


def test_without_a_provider_for_gpus_the_processor_computes(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    have = ["CPUExecutionProvider"]
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: have)
    assert gpu_provider() == "cpu"
    assert "no provider for GPUs" in caplog.text
    have.append("CUDAExecutionProvider")
    assert gpu_provider() == "cuda"
    have.append("TensorrtExecutionProvider")
    assert gpu_provider() == "tensorrt"
