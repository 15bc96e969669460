import numpy as np
import pytest

from evosplit.kernels.errors.calibration_inputs import (
    calibration_from_arrays,
    check_calibration,
    random_calibration,
)
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph, load_graph
from tests.models import branch_net, residual_net, save


@pytest.fixture
def graph(tmp_path) -> Graph:
    return load_graph(save(residual_net(), tmp_path))


def test_samples_are_spread_evenly_with_or_without_a_batch(graph: Graph) -> None:
    arrays = np.arange(40, dtype=np.float64)[:, None, None, None] * np.ones((40, 3, 16, 16))
    for shaped in (arrays, arrays[:, None]):
        feeds = calibration_from_arrays(graph, {"x": shaped}, 4)
        assert [one["x"].flat[0] for one in feeds] == [0, 13, 26, 39]
        assert all(one["x"].shape == (1, 3, 16, 16) and one["x"].dtype == np.float32 for one in feeds)
    assert len(calibration_from_arrays(graph, {"x": arrays[:2]})) == 2


def test_arrays_that_do_not_fit(graph: Graph) -> None:
    good = np.zeros((2, 3, 16, 16))
    for arrays, message in (
        ({}, "named x"),
        ({"z": good}, "named x"),
        ({"x": good[:, :1]}, "have shape"),
        ({"x": good[:0]}, "no calibration inputs"),
        ({"x": good * np.nan}, "NaN"),
    ):
        with pytest.raises(InputError, match=message):
            calibration_from_arrays(graph, arrays)


def test_random_inputs_are_seeded_and_in_range(tmp_path) -> None:
    graph = load_graph(save(branch_net(), tmp_path))
    first, again = random_calibration(graph, -2, 3, 4), random_calibration(graph, -2, 3, 4)
    check_calibration(graph, first)
    for one, other in zip(first, again, strict=True):
        assert one.keys() == {"x", "z"}
        assert all(np.array_equal(one[name], other[name]) for name in one)
        assert all(array.min() >= -2 and array.max() < 3 for array in one.values())
