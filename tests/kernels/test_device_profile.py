"""A profile of three parts, each measured once, under keys that all who measure share."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from evosplit.edge.backends.int8 import timed_integers
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.shared.card import card_from_data, check_card
from evosplit.shared.errors import ModelError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.integer_profiler import Quantised
from evosplit.shared.measurement_store import MeasurementStore, measurements_in
from evosplit.shared.slowdown import slowed
from tests.models import chain_net, save

CARD = {"version": 1, "name": "net", "input": {"colour": "RGB", "resize": {"kind": "stretch"}}}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return load_graph(save(chain_net(), tmp_path_factory.mktemp("net")))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> MeasurementStore:
    return measurements_in(tmp_path_factory.mktemp("kept"))


def test_parts_are_shared_between_edge_and_cloud(graph: Graph, store: MeasurementStore) -> None:
    card = check_card(card_from_data(CARD), graph)
    edge, cloud = DeviceProfiler(store, 1, timed_integers), DeviceProfiler(store, 1)
    assert edge.known(graph.sha256, card) is None
    whole = edge.profile(graph, card)
    assert whole.integers is not None
    assert whole.frame_s > 0
    plain = cloud.profile(graph)
    assert plain == cloud.known(graph.sha256)
    assert (plain.layer_s, plain.integers, plain.frame_s) == (whole.layer_s, None, 0.0)
    assert edge.known(graph.sha256, card) == whole
    assert edge.known(graph.sha256, card, 8.0) == edge.profile(graph, card, 8.0) == slowed(whole, 8.0)
    assert DeviceProfiler(store, 2).known(graph.sha256) is None


def test_fresh_measures_every_part_again(graph: Graph, store: MeasurementStore) -> None:
    profiler = DeviceProfiler(store, 1, timed_integers)
    before = profiler.profile(graph)
    after = profiler.profile(graph, fresh=True)
    assert before.integers is not None
    assert after.integers is not None
    assert (after.layer_s, after.integers.layer_s) != (before.layer_s, before.integers.layer_s)


def test_a_model_without_integers_says_why_and_is_not_tried_again(graph: Graph, tmp_path: Path) -> None:
    tried: list[str] = []

    def never(graph: Graph) -> Quantised:
        tried.append(graph.name)
        raise ModelError("no convolution in it")

    profiler = DeviceProfiler(measurements_in(tmp_path), 1, never)
    assert profiler.reason_without_integers(graph.sha256) == ""
    assert profiler.profile(graph).integers is None
    assert profiler.profile(graph) == profiler.known(graph.sha256)
    assert profiler.reason_without_integers(graph.sha256) == "no convolution in it"
    assert tried == ["net"]


def test_progress_is_counted_to_the_end(graph: Graph, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    DeviceProfiler(measurements_in(tmp_path)).profile(graph, progress=lambda *one: seen.append(one))
    assert seen[-1][0] == seen[-1][1] > 0


def test_a_slowed_profile_is_slower_in_every_second(graph: Graph, store: MeasurementStore) -> None:
    profile = DeviceProfiler(store, 1, timed_integers).profile(graph)
    kept = {"model", "model_sha256", "machine", "threads", "residual", "spread", "repeats"}
    changed = {
        name for name in vars(profile) if getattr(profile, name) != getattr(slowed(profile, 3.0), name)
    }
    assert changed == {field.name for field in dataclasses.fields(profile)} - kept - {
        "frame_s",
        "prepare_s",
        "picture_s",
    }  # fmt: skip - without a card these are zero
