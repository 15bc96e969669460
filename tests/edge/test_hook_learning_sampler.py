"""The sampler: never above its limit, balanced, uniform within an answer, the same for the same offers."""

from __future__ import annotations

import logging
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from evosplit.edge.hook_learning.sampler import Sampler
from evosplit.edge.hook_training.samples import Sample
from evosplit.edge.hooks.exit import OTHER


def sample(number, answer, width=4, outputs=()):
    arrays = {f"o{i}": np.full(shape, number, np.float32) for i, shape in enumerate(outputs)}
    return Sample(np.full(width, number, np.float32), answer, arrays)


def traced(limit, offers):
    """Peak bytes that Python and NumPy allocated for a sampler and its offers."""
    Sampler(limit, 1).offer(offers[0])  # what Python keeps of a first call is not the sampler's
    log = logging.getLogger("evosplit.edge.hook_learning.sampler")
    log.disabled = True  # pytest keeps every line
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        sampler = Sampler(limit, 1)
        for one in offers:
            sampler.offer(one)
        return tracemalloc.get_traced_memory()[1] - before, sampler
    finally:
        tracemalloc.stop()
        log.disabled = False


@settings(deadline=None, max_examples=25)
@given(
    limit=st.integers(30_000, 300_000),
    width=st.integers(1, 300),
    shapes=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 40)), max_size=3),
    answers=st.integers(1, 200),
    length=st.integers(1, 130),
    count=st.integers(1, 600),
)
def test_memory_is_never_above_the_limit(limit, width, shapes, answers, length, count):
    names = [chr(0x4E00 + i) * length for i in range(answers)]
    offers = [sample(i, names[i * 7 % answers], width, shapes) for i in range(count)]
    peak, sampler = traced(limit, offers)
    assert sampler.size_bytes <= limit
    assert peak <= limit


def test_what_is_counted_is_what_is_allocated():
    offers = [sample(i, f"answer {i % 5}", 64, [(1, 10)]) for i in range(3000)]
    peak, sampler = traced(1_000_000, offers)
    assert 0.6 * sampler.size_bytes < peak <= sampler.size_bytes <= 1_000_000


def test_random_shapes_in_one_stream_keep_the_first():
    random = np.random.default_rng(0)
    sampler = Sampler(100_000, 0)
    kept = [sampler.offer(sample(i, "a", int(random.integers(1, 9)))) for i in range(500)]
    assert any(kept)
    assert len({row.shape for row in sampler.samples().features}) == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    sampler = Sampler(100_000)
    assert not sampler.offer(Sample(np.full(3, bad, np.float32), "a", {}))
    assert len(sampler.samples()) == 0


def test_rare_answers_keep_their_place():
    sampler = Sampler(60_000, 0)
    for i in range(20_000):
        sampler.offer(sample(i, "rare" if i % 1000 == 0 else "often"))
    samples = sampler.samples()
    code = samples.answers.index("rare")
    training = samples.codes[~samples.held]
    assert (samples.codes[samples.held] == code).sum() <= 3
    assert (training == code).sum() >= 8  # all of the twenty that were not held
    assert len(training) == (training == code).sum() + (training == samples.answers.index("often")).sum()


def test_training_samples_are_balanced():
    random = np.random.default_rng(2)
    sampler = Sampler(80_000, 0)
    for i, answer in enumerate(random.choice(5, 30_000, p=[0.6, 0.2, 0.1, 0.06, 0.04])):
        sampler.offer(sample(i, str(answer)))
    samples = sampler.samples()
    counts = np.bincount(samples.codes[~samples.held])[1:]
    assert counts.max() - counts.min() <= 2


def test_held_samples_are_as_frequent_as_in_the_stream():
    random = np.random.default_rng(3)
    sampler = Sampler(200_000, 0)
    shares = np.asarray([0.6, 0.3, 0.1])
    for i, answer in enumerate(random.choice(3, 30_000, p=shares)):
        sampler.offer(sample(i, str(answer)))
    samples = sampler.samples()
    held = samples.codes[samples.held]
    counts = [(held == samples.answers.index(str(i))).sum() for i in range(3)]
    assert chisquare(counts, shares * len(held)).pvalue > 1e-3


@pytest.mark.parametrize("answer", ["often", "seldom"])
def test_uniform_within_an_answer(answer):
    """Every offer of an answer is kept with the same probability, whenever it came."""
    bins = np.zeros(10)
    for seed in range(60):
        sampler = Sampler(24_000, seed)
        for i in range(1000):
            sampler.offer(sample(i, "seldom" if i % 4 == 0 else "often"))
        samples = sampler.samples()
        chosen = samples.features[(samples.codes == samples.answers.index(answer)) & ~samples.held, 0]
        bins += np.histogram(chosen, 10, (0, 1000))[0]
    assert bins.sum() > 500
    assert chisquare(bins).pvalue > 1e-3


def test_the_same_offers_keep_the_same_samples():
    def kept(seed):
        sampler = Sampler(40_000, seed)
        for i in range(3000):
            sampler.offer(sample(i, str(i % 7)))
        return sampler.samples().features[:, 0].tolist()

    assert kept(5) == kept(5)
    assert kept(5) != kept(6)


def test_an_answer_that_comes_late_and_often_gets_a_name():
    sampler = Sampler(50_000, 0)
    for i in range(5000):
        sampler.offer(sample(i, f"plate {i}"))
    for i in range(3000):
        sampler.offer(sample(i, "parked" if i % 10 == 0 else f"passing {i}"))
    samples = sampler.samples()
    assert samples.answers[0] == OTHER
    code = samples.answers.index("parked")
    assert (samples.codes == code).sum() > 10
    assert (samples.codes == 0).sum() > 10


def test_answers_and_values_stay_together():
    sampler = Sampler(60_000, 0)
    for i in range(4000):
        sampler.offer(sample(i, str(i % 9), 3, [(1, 2)]))
    samples = sampler.samples()
    numbers = samples.features[:, 0].astype(int)
    assert [samples.answers[code] for code in samples.codes] == [str(number % 9) for number in numbers]
    assert (samples.outputs["o0"][:, 0, 0] == numbers).all()
    assert len(set(numbers.tolist())) == len(numbers)


def test_offers_from_many_threads():
    sampler = Sampler(100_000, 0)

    def offer(start):
        for i in range(start, start + 2000):
            sampler.offer(sample(i, str(i % 3)))

    threads = [threading.Thread(target=offer, args=(start,)) for start in range(0, 8000, 2000)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        samples = sampler.samples()
        assert (
            samples.features[:, 0].astype(int) % 3 == [int(samples.answers[c] or -1) for c in samples.codes]
        ).all()
    for thread in threads:
        thread.join()


def test_forgetting_starts_anew():
    sampler = Sampler(50_000, 0)
    sampler.offer(sample(1, "a"))
    sampler.forget()
    assert len(sampler.samples()) == sampler.offered == sampler.size_bytes == 0
    assert sampler.offer(sample(1, "a", 9))


def test_too_small_a_limit_keeps_nothing_and_says_so_once(caplog):
    sampler = Sampler(20_000)
    assert not any(sampler.offer(sample(i, "a", 300)) for i in range(5))
    assert [record.message for record in caplog.records] == ["20000 bytes hold no samples of 1200 bytes"]
