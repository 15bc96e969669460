from dataclasses import replace
from pathlib import Path

import pytest

from evosplit.edge.backends.int8 import timed_integers
from evosplit.shared.errors import ProfileError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.integer_profiler import integer_gain, measure_integers
from evosplit.shared.integer_times import IntegerTimes
from evosplit.shared.profile import Machine, Profile
from evosplit.shared.serial import from_data, from_json, to_data, to_json
from evosplit.shared.slowdown import with_slower_integers
from tests.models import chain_net, save


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return load_graph(save(chain_net(), tmp_path_factory.mktemp("model")))


def profile(graph: Graph) -> Profile:
    count = len(graph.layers)
    heads = {count: 0.01, 0: 0.0, 2: 0.004}
    machine = Machine("test", 1, 1, "test", "test")
    return Profile(graph.name, graph.sha256, machine, 1, 1.0, (0.001,) * count, heads, {}, 0.0, 0.0)


def test_every_layer_and_head_has_an_integer_time(graph: Graph) -> None:
    times = measure_integers(graph, profile(graph), timed_integers(graph))
    assert len(times.layer_s) == len(graph.layers)
    assert all(seconds > 0 for seconds in times.layer_s)
    assert list(times.head_s) == [0, 2, len(graph.layers)]
    assert times.head_s[0] == 0 < times.head_s[2] <= times.head_s[len(graph.layers)]
    found = replace(profile(graph), integers=times).integer_layer_s()
    assert found is not None
    assert sum(found) == pytest.approx(times.head_s[len(graph.layers)])


def test_profiles_of_before_have_no_integers(graph: Graph, tmp_path: Path) -> None:
    old = to_data(profile(graph))
    del old["integers"]
    read = from_data(Profile, old, ProfileError)
    assert read.integers is None
    assert read.integer_layer_s() is None
    with_times = replace(read, integers=IntegerTimes((0.5,) * len(graph.layers), {2: 1.0}))
    assert from_json(Profile, to_json(with_times), ProfileError) == with_times


def test_a_slower_device_is_slower_in_integers_too() -> None:
    assert IntegerTimes((1.0, 2.0), {2: 3.0}).slowed(2.0) == IntegerTimes((2.0, 4.0), {2: 6.0})


def test_slower_integers_leave_floats_as_they_are(graph: Graph) -> None:
    plain = profile(graph)
    assert with_slower_integers(plain, 2.0) == plain
    times = IntegerTimes((0.001,) * len(graph.layers), {2: 0.002}, 1e-9)
    slower = with_slower_integers(replace(plain, integers=times), 2.0)
    assert slower == replace(plain, integers=IntegerTimes((0.002,) * len(graph.layers), {2: 0.004}, 2e-9))


def test_the_gain_of_integers_is_a_ratio(graph: Graph) -> None:
    assert integer_gain(graph, timed_integers(graph)) > 0
