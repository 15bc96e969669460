import itertools

import pytest

from evosplit.edge.hooks.placement import exit_places, places, skip_places
from evosplit.shared.graph import load_graph, prefix_cut, prefix_cuts
from tests.models import branch_net, chain_net, residual_net, save


def whole(graph):
    return prefix_cut(graph, len(graph.layers))


@pytest.fixture
def residual(tmp_path):
    return load_graph(save(residual_net(blocks=3), tmp_path))


def test_residual_blocks_can_be_skipped(residual):
    found = skip_places(residual, whole(residual))
    assert [(place.tap, place.until, place.channels) for place in found] == [
        ("t0", "t1", 8),
        ("t1", "t2", 8),
        ("t2", "t3", 8),
    ]
    for place in found:
        assert place.layers[-1] - place.layers[0] == len(place.layers) - 1
        assert place.after == place.layers[0]
        assert 0 < place.share < 1


def test_a_block_of_which_the_cloud_runs_a_part_is_not_skipped(residual):
    ends = {place.until: place.layers[-1] + 1 for place in skip_places(residual, whole(residual))}
    for index in range(len(residual.layers) + 1):
        there = {place.until for place in skip_places(residual, prefix_cut(residual, index))}
        assert there == {until for until, end in ends.items() if end <= index}


def test_an_exit_stands_where_one_tensor_is_all_that_is_read_later(residual):
    for cut in prefix_cuts(residual):
        for place in exit_places(residual, cut, 100):
            assert prefix_cut(residual, place.after).boundary == (place.tap,)
            assert place.after <= len(cut.layers)
            assert 0 < place.done <= 1


def test_exits_are_few_in_order_and_spaced(residual):
    all_places = exit_places(residual, whole(residual), 100)
    assert [place.tap for place in all_places] == ["t1", "t2"]
    assert exit_places(residual, whole(residual), 1) == all_places[:1]
    assert exit_places(residual, whole(residual), 0) == ()


def test_exits_are_spaced_by_arithmetic(tmp_path):
    graph = load_graph(save(residual_net(blocks=12), tmp_path))
    done = [place.done for place in exit_places(graph, whole(graph), 4)]
    gaps = [after - before for before, after in itertools.pairwise(done)]
    assert len(done) == 4
    assert max(gaps) < 2 * min(gaps)


def test_networks_without_blocks_or_narrow_places(tmp_path):
    chain = load_graph(save(chain_net(), tmp_path))
    assert skip_places(chain, whole(chain)) == ()
    assert {place.kind for place in places(chain, whole(chain))} == {"exit"}
    branch = load_graph(save(branch_net(), tmp_path, "branch"))
    for cut in prefix_cuts(branch):
        assert all(place.kind != "skip" for place in places(branch, cut))


def test_maps_that_travel_are_places_for_channels(residual):
    cut = prefix_cut(residual, 1)
    assert [(place.kind, place.tap, place.channels) for place in places(residual, cut)][-1] == (
        "channels",
        "t0",
        8,
    )
    assert places(residual, prefix_cut(residual, 0)) == ()


@pytest.mark.parametrize(
    ("name", "blocks"),
    [("resnet56_cifar10", 25), ("mobilenetv2", 10), ("yolox_nano", 7), ("vit_cifar10", 5), ("lprnet", 0)],
)
def test_real_networks(shared_models, name, blocks):
    graph = load_graph(shared_models / f"{name}.onnx")
    cut = whole(graph)
    assert len(skip_places(graph, cut)) == blocks
    for place in exit_places(graph, cut):
        assert prefix_cut(graph, place.after).boundary == (place.tap,)
