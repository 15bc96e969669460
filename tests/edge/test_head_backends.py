"""Backends of segments: providers that are not there, the quickest by measurement, races while serving."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.providers import Providers
from evosplit.edge.backends.race import FRAMES_PER_TURN, RACE_PERIOD_FRAMES, Race
from evosplit.edge.backends.runtime_segment import RuntimeSegment
from evosplit.edge.backends.segment import FrameContext
from evosplit.edge.backends.selection import fastest_segment, open_segment
from evosplit.edge.head.assemble import HeadOptions, HeadSource, assemble
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import run_head
from evosplit.shared.errors import ModelError
from evosplit.shared.graph import Graph, load_graph, prefix_cut
from evosplit.shared.session import Runner
from tests import models


class Slow:
    """A segment that takes ``seconds`` and makes nothing."""

    density = 1.0
    reads: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()

    def __init__(self, backend: str, seconds: float) -> None:
        self.backend, self.seconds = backend, seconds
        self.forgot: list[str] = []

    def run(self, tensors: Mapping[str, NDArray[Any]], frame: FrameContext) -> dict[str, NDArray[Any]]:
        time.sleep(self.seconds)
        return {}

    def forget(self, stream: str) -> None:
        self.forgot.append(stream)


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
    def runner(model: Any, threads: int, providers: tuple[str, ...] = ("CPUExecutionProvider",)) -> Runner:
        if providers[0] != "CPUExecutionProvider":
            raise ModelError("CUDA failure 100: no CUDA-capable device is detected")
        return Runner(model, threads)

    monkeypatch.setattr("evosplit.edge.backends.providers.Runner", runner)
    providers = Providers("cuda")
    providers.open(graph.model)
    providers.open(graph.model)
    assert len(caplog.records) == 1
    assert "no CUDA-capable device" in caplog.text
    assert providers.name == "cpu"


def test_the_fastest_segment_is_taken(graph: Graph) -> None:
    segments = [Slow("a", 0.02), Slow("b", 0.0), Slow("c", 0.02)]
    assert fastest_segment(segments, graph.model).backend == "b"
    with pytest.raises(ModelError, match="no backend"):
        fastest_segment([], graph.model)


def test_a_race_finds_the_quicker_backend_and_is_run_again() -> None:
    dense, masked = Slow("dense", 0.004), Slow("masked", 0.0)
    contest = Race((dense, masked))
    frame = FrameContext("s")

    def ran(times: int) -> list[str]:
        made = []
        for _ in range(times):
            contest.run({}, frame)
            made.append(contest.backend)
        return made

    assert ran(2 * FRAMES_PER_TURN) == ["dense"] * FRAMES_PER_TURN + ["masked"] * FRAMES_PER_TURN
    assert set(ran(5)) == {"masked"}
    dense.seconds, masked.seconds = 0.0, 0.002
    ran(RACE_PERIOD_FRAMES - 2 * FRAMES_PER_TURN - 5 + 2 * FRAMES_PER_TURN)
    assert set(ran(5)) == {"dense"}
    contest.forget("s")
    assert dense.forgot == masked.forgot == ["s"]


def test_masked_heads_give_the_dense_answer_at_threshold_zero(graph: Graph) -> None:
    cut = prefix_cut(graph, 3)
    stuff = HeadSource(graph, cut)
    plain = assemble(stuff, (), HeadOptions())
    masked = assemble(stuff, (), HeadOptions(masked=True, change=ChangeSettings()))
    rng, hook_failures = np.random.default_rng(0), HookFailures()
    picture = rng.standard_normal((1, 3, 16, 16)).astype(np.float32)
    backends = set()
    for _ in range(2 * FRAMES_PER_TURN + 4):
        picture = picture.copy()
        picture[0, :, 3, 4] += 1
        feeds = {"x": picture}
        wanted, found = (run_head(head, feeds, "s", hook_failures) for head in (plain, masked))
        backends.add(found.trace.steps[0].backend)
        for name in cut.boundary:
            np.testing.assert_allclose(found.tensors[name], wanted.tensors[name], rtol=1e-4, atol=1e-5)
    assert backends == {"onnxruntime", "masked"}


def test_without_masks_and_codes_there_is_nothing_to_choose(graph: Graph) -> None:
    segment = open_segment(graph.model, {}, {}, Providers(), None, False)
    assert isinstance(segment, RuntimeSegment)


def test_heads_keep_the_segments_that_stay(graph: Graph) -> None:
    from hook_doubles import Told

    stuff = HeadSource(graph, prefix_cut(graph, len(graph.layers)))
    tap = graph.layers[2].outputs[0]
    old = assemble(stuff, [Told(tap, name="a")], HeadOptions())
    new = assemble(stuff, [Told(tap, name="b"), Told("x", name="c")], HeadOptions(), old)
    assert new.segments == old.segments
    other = assemble(stuff, [], HeadOptions(), old)
    assert not set(other.segments) & set(old.segments)
