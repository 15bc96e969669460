"""The sample of live inputs: bounded, distinct, spread out; and what counts as one and the same input."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from net_bundle import CARD

from evosplit.edge.calibration.encoding import pixels_blob, tensors_blob
from evosplit.edge.calibration.sample import LEAST_INPUTS, MOST_INPUTS, Kept, LiveSample
from evosplit.edge.calibration.signature import Signature, is_known, signature
from evosplit.shared.graph import load_graph
from evosplit.shared.picture_codes import sized_feeds
from evosplit.shared.wire import decode_frame
from tests import models


def photo(seed: int, noise: float = 0.0) -> dict[str, np.ndarray]:
    """A smooth picture (1, 3, 64, 96), of which every seed gives another; and the sensor's noise on it."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 1, (1, 3, 8, 12)).astype(np.float32)
    smooth = coarse.repeat(8, axis=2).repeat(8, axis=3)
    return {
        "x": smooth
        + np.float32(noise) * np.random.default_rng(seed + 999).standard_normal(smooth.shape, np.float32)
    }


def of(feeds: dict[str, np.ndarray]) -> Signature:
    found = signature(feeds)
    assert found is not None
    return found


def kept(seed: int, size_bytes: int = 100) -> Kept:
    """Another input for each seed, which is its name."""
    return Kept(str(seed), bytes(size_bytes), np.random.default_rng(seed).standard_normal(8, np.float32))


def fill(sample: LiveSample, seeds: range, size_bytes: int = 100) -> None:
    for seed in seeds:
        one = kept(seed, size_bytes)
        place = sample.place_for(one.signature)
        if place is not None:
            sample.put(place, one)


def test_noise_is_no_other_picture_and_another_picture_is() -> None:
    still = of(photo(1))
    assert is_known(of(photo(1, noise=0.02)), still[None])
    assert not is_known(of(photo(2)), still[None])
    moved = photo(1)
    moved["x"][:, :, 16:32, 24:40] = 1.0
    assert not is_known(of(moved), still[None])
    assert not is_known(still, np.zeros((0, 0), np.float32))


@pytest.mark.parametrize(
    "feeds",
    [
        {"ids": np.arange(7, dtype=np.int64)[None]},
        {"a": np.float32([[1.5]]), "b": np.zeros((1, 3, 4, 4), np.float32)},
        {"flag": np.array([True, False])},
        {"x": np.zeros((1, 5, 7, 3), np.float32)},
        {"scalar": np.array(3.0, np.float32)},
        {"nothing": np.zeros((0, 4), np.float32), "x": np.ones(3, np.float32)},
    ],
)
def test_every_kind_of_input_has_a_signature(feeds: dict[str, np.ndarray]) -> None:
    found = of(feeds)
    assert is_known(found, found[None])
    other = {name: ~array if array.dtype == bool else array + 1 for name, array in feeds.items()}
    assert not is_known(of(other), found[None])


@pytest.mark.parametrize("shape", [(1, 3, 64, 96), (1, 5000)])
def test_large_floats_are_compared_without_overflow(shape: tuple[int, ...]) -> None:
    values = np.full(shape, 1e35, np.float32)
    values[..., ::2] *= np.float32(-0.5)
    found = of({"x": values})
    assert is_known(found, found[None])
    assert not is_known(of({"x": -values}), found[None])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(1, 3, 64, 96), (1, 1000), (9,)])
def test_what_is_not_finite_is_never_sampled(bad: float, shape: tuple[int, ...]) -> None:
    array = np.zeros(shape, np.float32)
    array.reshape(-1)[-1] = bad
    assert signature({"a": np.ones(3, np.float32), "x": array}) is None


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 900)), max_size=120), st.integers(300, 9000))
def test_the_bytes_hold_and_no_input_is_there_twice(offers: list[tuple[int, int]], limit_bytes: int) -> None:
    sample = LiveSample(limit_bytes)
    for seed, size_bytes in offers:
        fill(sample, range(seed, seed + 1), size_bytes)
        assert sample.size_bytes <= limit_bytes
        found = [one.name for one in sample.kept]
        assert len(set(found)) == len(found)
        assert sample.needed <= LEAST_INPUTS


def test_one_still_picture_is_never_enough() -> None:
    sample = LiveSample(10**6)
    for _ in range(500):
        fill(sample, range(1))
    assert (len(sample), sample.is_enough, sample.repeated) == (1, False, 499)


def test_early_and_late_inputs_are_as_likely() -> None:
    """Algorithm R: each of 200 inputs is among 20 with the chance of one in ten."""
    seen: Counter[int] = Counter()
    for seed in range(150):
        sample = LiveSample(20 * 132, seed)
        fill(sample, range(200))
        assert len(sample) == 20
        seen.update(int(one.name) for one in sample.kept)
    counts = [sum(seen[at] for at in range(start, start + 50)) for start in range(0, 200, 50)]
    assert sum(counts) == 150 * 20
    assert all(abs(count - 750) < 100 for count in counts)


def test_what_was_sent_stays_in_its_place() -> None:
    sample = LiveSample(10**6)
    fill(sample, range(40))
    before = sample.kept
    fill(sample, range(40, 400))
    assert len(sample) == MOST_INPUTS
    same = sum(one is other for one, other in zip(before, sample.kept, strict=False))
    assert 15 <= same < 40


def test_half_of_them_go_when_the_inputs_drift() -> None:
    sample = LiveSample(10**6)
    fill(sample, range(40))
    sample.halve()
    assert len(sample) == 20
    assert not sample.is_full
    fill(sample, range(100, 120))
    assert len(sample) == 40


def test_large_inputs_need_no_more_than_there_is_room_for() -> None:
    sample = LiveSample(1000)
    fill(sample, range(40), 150)
    assert (len(sample), sample.needed, sample.is_enough) == (5, 5, True)
    none = LiveSample(10)
    fill(none, range(40), 150)
    assert not none.is_enough


def test_nothing_is_lost_on_the_way(tmp_path: Path) -> None:
    from evosplit.kernels.codec import decode_tensor
    from evosplit.shared.card import card_from_data, check_card
    from evosplit.shared.preprocess import preprocess

    graph = load_graph(models.save(models.chain_net(), tmp_path, "net"), "net")
    feeds = {"x": np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)}
    _, content = tensors_blob(graph, feeds)
    (tensor,) = decode_frame(content).tensors
    np.testing.assert_array_equal(decode_tensor(tensor), feeds["x"])
    card = check_card(card_from_data(CARD), graph)
    pixels = np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8)
    _, picture = pixels_blob(card, pixels)
    np.testing.assert_array_equal(sized_feeds(card, picture)["x"], preprocess(card, pixels)["x"])
