"""Neighbourhoods and ridge fits against slow oracles, and against what ONNX Runtime makes of the kernels."""

from __future__ import annotations

import numpy as np
import pytest

from evosplit.kernels.restoration.neighbourhoods import merged, neighbourhoods, positions_of, sums_over
from evosplit.kernels.restoration.ridge_fit import Form, fit
from evosplit.shared.restoration.network import build_restoration
from evosplit.shared.session import Runner

SHAPE = (4, 3, 5, 6)


def pair(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Float features that depend on each other, and what is left of them after coarse rounding."""
    rng = np.random.default_rng(seed)
    right = rng.normal(size=SHAPE).astype(np.float32)
    right[:, 1] = 0.8 * right[:, 0] + 0.1 * right[:, 1]
    right[:, :, 1:] += 0.7 * right[:, :, :-1]
    return np.rint(right).astype(np.float32), right


def slow_neighbourhoods(values: np.ndarray) -> np.ndarray:
    count, channels, height, width = values.shape
    rows = []
    for index, top, left in np.ndindex(count, height, width):
        row = [
            values[index, channel, y, x] if 0 <= y < height and 0 <= x < width else 0.0
            for channel in range(channels)
            for y in range(top - 1, top + 2)
            for x in range(left - 1, left + 2)
        ]
        rows.append([*row, 1.0])
    return np.array(rows, np.float32)


def test_neighbourhoods_are_those_of_a_slow_loop() -> None:
    values = pair()[0]
    assert np.array_equal(neighbourhoods(values), slow_neighbourhoods(values))


def test_sums_are_products_over_all_pairs() -> None:
    decoded, right = pair()
    features, errors = slow_neighbourhoods(decoded).astype(np.float64), positions_of(right - decoded)
    together = sums_over([(decoded, right)], 3)
    halves = [sums_over([(decoded[part], right[part])], 3) for part in (slice(2), slice(2, 4))]
    for sums in (together, merged(*halves)):
        assert sums.features == pytest.approx(features.T @ features, rel=1e-4, abs=1e-2)
        assert sums.corrections == pytest.approx(features.T @ errors, rel=1e-4, abs=1e-2)
        assert (sums.positions, sums.channels) == (len(features), 3)


def allowed(form: Form, channel: int) -> list[int]:
    """The features that a form may use for one channel."""
    own = list(range(9 * channel, 9 * channel + 9))
    centres = [9 * other + 4 for other in range(3) if other != channel]
    return {"own": [*own, 27], "separable": [*own, *centres, 27], "full": list(range(28))}[form]


@pytest.mark.parametrize("form", ["own", "separable", "full"])
def test_a_fit_is_that_of_least_squares_with_rows_for_the_penalty(form: Form) -> None:
    decoded, right = pair()
    features, errors = slow_neighbourhoods(decoded).astype(np.float64), positions_of(right - decoded)
    shrinkage = 0.05
    penalty = shrinkage * np.square(features[:, :-1]).sum() / 27
    told = np.zeros_like(errors, np.float64)
    for channel in range(3):
        picked = allowed(form, channel)
        rows = np.sqrt(penalty) * np.eye(len(picked))
        rows[-1] = 0
        system = np.concatenate([features[:, picked], rows])
        target = np.concatenate([errors[:, channel], np.zeros(len(picked))])
        told[:, channel] = features[:, picked] @ np.linalg.lstsq(system, target, rcond=None)[0]
    made = fit(sums_over([(decoded, right)], 3), form, shrinkage)
    network = build_restoration("0" * 64, "t", (1, *SHAPE[1:]), 1.0, made.kernels, made.bias, 1e6, False)
    runner = Runner(network.model)
    restored = [runner.run({"decoded": values[None]})["restored"] for values in decoded]
    assert positions_of(np.concatenate(restored) - decoded) == pytest.approx(told, abs=1e-4)


@pytest.mark.parametrize("form", ["own", "separable", "full"])
def test_where_all_decodes_to_zero_the_mean_is_what_is_left_to_tell(form: Form) -> None:
    _, right = pair()
    made = fit(sums_over([(np.zeros_like(right), right)], 3), form, 0.1)
    assert all(np.all(kernel == 0) for kernel in made.kernels)
    assert made.bias == pytest.approx(right.mean(axis=(0, 2, 3)), abs=1e-4)


def test_freer_forms_fit_closer() -> None:
    decoded, right = pair()
    sums = sums_over([(decoded, right)], 3)
    left = []
    for form in ("own", "separable", "full"):
        made = fit(sums, form, 1e-4)
        network = build_restoration("0" * 64, "t", (1, *SHAPE[1:]), 1.0, made.kernels, made.bias, 9.0, False)
        runner = Runner(network.model)
        restored = np.concatenate([runner.run({"decoded": values[None]})["restored"] for values in decoded])
        left.append(float(np.square(restored - right).mean()))
    assert left[2] < left[1] < left[0] < float(np.square(decoded - right).mean())


def test_corrections_keep_to_their_reach_and_rectified_features_to_zero() -> None:
    kernel, bias = np.zeros((3, 1, 3, 3), np.float32), np.array([-9, 0, 9], np.float32)
    network = build_restoration("0" * 64, "t", (1, 3, 2, 2), 1.0, [kernel], bias, 0.5, True)
    values = np.ones((1, 3, 2, 2), np.float32) * np.array([0.2, 1.0, 1.0], np.float32).reshape(3, 1, 1)
    restored = Runner(network.model).run({"decoded": values})["restored"]
    assert restored[0, :, 0, 0].tolist() == [0.0, 1.0, 1.5]
