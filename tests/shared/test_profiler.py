"""Profiles: their form, their slowdown, and that they add up; and the machine that they name."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from evosplit.shared.errors import ProfileError
from evosplit.shared.graph import Graph, graph_from_model, load_graph
from evosplit.shared.graph.passes import normalise
from evosplit.shared.machine import this_machine
from evosplit.shared.profile import BUSY, Profile, left_out_residual
from evosplit.shared.profiler import MAX_CUTS, Wholes, calmest, measure_profile, quiet_median, spread_of
from evosplit.shared.serial import from_data, from_json, to_data, to_json
from evosplit.shared.weights import random_weights, restore_weights, strip_weights
from tests import models


def _graph(factory: object) -> Graph:
    return graph_from_model(normalise(factory()), "net", "0")  # type: ignore[operator]


@pytest.mark.parametrize(
    "factory", [models.chain_net, models.residual_net, models.branch_net, models.choice_net]
)
def test_form_of_a_profile(factory: object) -> None:
    graph = _graph(factory)
    steps: list[tuple[int, int]] = []
    profile = measure_profile(graph, 1, 1.0, lambda done, total: steps.append((done, total)), 1e-9, 2e-9)
    count = len(graph.layers)
    assert (profile.model, profile.model_sha256, profile.threads) == ("net", "0", 1)
    assert len(profile.layer_s) == count
    assert all(seconds > 0 for seconds in profile.layer_s)
    assert profile.head_s.keys() == profile.tail_s.keys() >= {0, count}
    assert len(profile.head_s) <= MAX_CUTS
    assert profile.head_s[0] == 0 == profile.tail_s[count]
    assert profile.head_s[count] > 0 < profile.tail_s[0]
    assert (profile.encode_s_per_byte, profile.decode_s_per_byte) == (1e-9, 2e-9)
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]
    assert from_json(Profile, to_json(profile), ProfileError) == profile


def test_corrected_layers_sum_to_the_whole() -> None:
    graph = _graph(models.residual_net)
    profile = measure_profile(graph, 1, 1.0)
    assert sum(profile.head_layer_s()) == pytest.approx(max(profile.head_s.values()))
    assert sum(profile.tail_layer_s()) == pytest.approx(max(profile.tail_s.values()))


def test_the_residual_is_what_leaving_a_cut_out_mispredicts() -> None:
    layers = (1.0, 1.0, 1.0, 1.0)
    # Without the cut at 2, the even layers say 2 s; 1.5 s were measured.
    assert left_out_residual(layers, {0: 0.0, 2: 1.5, 4: 4.0}, {}) == pytest.approx(0.5 / 1.5)
    assert left_out_residual(layers, {0: 0.0, 2: 2.0, 4: 4.0}, {0: 4.0, 2: 2.0, 4: 0.0}) == 0.0
    assert left_out_residual(layers, {0: 0.0, 4: 4.0}, {}) is None
    # Short parts count as a tenth of the whole.
    assert left_out_residual(layers, {0: 0.0, 1: 0.1, 4: 40.0}, {}) == pytest.approx(9.9 / 4)


def test_measured_heads_grow_and_tails_shrink() -> None:
    profile = measure_profile(_graph(models.residual_net), 1, 1.0)
    heads, tails = list(profile.head_s.values()), list(profile.tail_s.values())
    assert list(profile.head_s) == sorted(profile.head_s) == list(profile.tail_s)
    assert heads == sorted(heads)
    assert tails == sorted(tails, reverse=True)
    assert profile.residual is None or profile.residual >= 0


def test_a_profile_from_before_there_were_residuals_still_reads() -> None:
    profile = measure_profile(_graph(models.chain_net), 1, 1.0)
    data = to_data(profile)
    del data["residual"], data["frame_s"]
    old = from_data(Profile, data, ProfileError)
    assert old.residual is None
    assert old.frame_s == 0.0


def test_a_burst_of_load_does_not_count() -> None:
    assert quiet_median([1.0] * 6 + [9.0] * 12) == 1.0
    assert quiet_median([1.0, 9.0, 2.0]) == 2.0


def test_slowdown_multiplies_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10**6))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    graph = _graph(models.chain_net)
    profile = measure_profile(graph, 1, 8.0, None, 1e-9, 2e-9)
    assert profile.slowdown == 8.0
    assert set(profile.layer_s) == {8.0}
    assert set(profile.head_s.values()) == {0.0, 8.0}
    assert (profile.encode_s_per_byte, profile.decode_s_per_byte) == (8e-9, 16e-9)


def test_a_skeleton_with_random_weights_can_be_profiled() -> None:
    skeleton, _ = strip_weights(normalise(models.residual_net()))
    graph = graph_from_model(restore_weights(skeleton, random_weights(skeleton)), "net", "0")
    assert min(measure_profile(graph, 2, 1.0).layer_s) > 0


def test_a_real_model(shared_models: Path) -> None:
    profile = measure_profile(load_graph(shared_models / "resnet20_cifar10.onnx"), 1, 1.0)
    assert len(profile.head_s) == MAX_CUTS
    assert 0 < profile.tail_s[0] < 1


def test_the_machine_is_named() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.memory_bytes > 10**8
    assert machine.processor
    assert machine.runtime.startswith("ONNX Runtime ")
    assert machine == this_machine()


def test_a_steady_machine_spreads_little_and_a_busy_one_is_recognised() -> None:
    assert spread_of([0.1 + 0.001 * (turn % 3) for turn in range(12)]) < BUSY
    bursts = [0.1] * 6 + [0.2] * 6
    assert spread_of(bursts) == pytest.approx(1.0)
    assert spread_of([one / 1000 for one in bursts]) == 0.0  # too short to tell


@pytest.mark.parametrize(
    ("spreads", "kept", "repeats"),
    [([0.1], 0.1, 0), ([0.5, 0.1], 0.1, 1), ([0.5, 0.3, 0.4], 0.3, 2)],
)
def test_a_busy_machine_is_measured_again_at_most_twice(
    spreads: list[float], kept: float, repeats: int
) -> None:
    left = iter(spreads)
    found = calmest(lambda: Wholes({}, {}, next(left)))
    assert (found.spread, found.repeats) == (kept, repeats)
    assert next(left, None) is None
