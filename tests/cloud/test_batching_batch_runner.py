"""Runs of several samples: each gets its own answer, at sizes that were measured."""

from __future__ import annotations

import numpy as np
import pytest

from evosplit.cloud.batching.batch_runner import TOLERANCE, BatchRunner, open_batches
from evosplit.cloud.batching.batch_sizes import ALONE, UNMEASURED, BatchTimes
from evosplit.shared.errors import InputError
from evosplit.shared.graph.passes import normalise
from evosplit.shared.session import Runner, random_feeds
from tests import models as nets


@pytest.mark.parametrize("sizes", [{1: 1.0}, {1: 1.0, 4: 1.0}, {1: 1.0, 2: 1.5, 16: 1.6}])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_everyone_gets_its_own_answer(sizes: dict[int, float], count: int) -> None:
    model = normalise(nets.residual_net())
    runner = open_batches(model, Runner)
    assert runner.times == UNMEASURED
    alone, samples = Runner(model), [random_feeds(model, seed) for seed in range(count)]
    shared = BatchRunner(runner.runner, BatchTimes(sizes))
    for sample, made in zip(samples, shared.run(samples), strict=True):
        expected = alone.run(sample)["y"]
        assert made["y"].shape == expected.shape
        np.testing.assert_allclose(made["y"], expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())


def test_a_network_that_mixes_samples_runs_them_alone() -> None:
    model = nets.choice_net()
    runner = open_batches(model, Runner)
    assert runner.times == ALONE
    assert runner.measured(model) is runner
    samples = [random_feeds(model, seed) for seed in range(3)]
    assert len(runner.run(samples)) == 3


def test_measured_sizes_begin_with_one() -> None:
    model = normalise(nets.chain_net())
    measured = open_batches(model, Runner).measured(model)
    assert 1 in measured.times.seconds
    assert measured.times.seconds[1] > 0


def test_a_wrong_sample_is_refused() -> None:
    runner = open_batches(nets.chain_net(), Runner)
    with pytest.raises(InputError):
        runner.run([{"x": np.zeros((1, 3, 16, 15), np.float32)}])
