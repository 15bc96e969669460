import numpy as np
import pytest

from kernels.quantise import fake_quantise
from planner.clipping.mse import mse_range


def mse(values: np.ndarray, bits: int, low: float, high: float) -> float:
    return float(np.mean(np.square(fake_quantise(values, bits, low, high) - values)))


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("kind", ["normal", "relu", "heavy", "uniform"])
def test_no_ratio_on_the_grid_is_better(bits: int, kind: str) -> None:
    rng = np.random.default_rng(bits)
    values = {
        "normal": rng.standard_normal(20_000),
        "relu": np.maximum(rng.standard_normal(20_000), 0),
        "heavy": rng.standard_t(3, 20_000),
        "uniform": rng.random(20_000),
    }[kind].astype(np.float32)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    found = mse(values, bits, *mse_range(values, low, high, bits))
    best = min(mse(values, bits, ratio * low, ratio * high) for ratio in np.linspace(1, 0.05, 20))
    assert found <= 1.05 * best


def test_a_constant_zero_has_no_range() -> None:
    assert mse_range(np.zeros(10, np.float32), 0.0, 0.0, 4) == (0.0, 0.0)
