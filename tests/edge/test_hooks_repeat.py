"""The repeat hook: what it repeats, what it never does, and what it learns from a stream."""

from __future__ import annotations

import numpy as np
import pytest
from hook_examples import repeat_hook
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.edge.hook_training.repeat_fit import LEAST_PAIRS, AnswerPairs
from evosplit.edge.hooks.decisions import GO, Exit
from evosplit.edge.hooks.hook_file import decode_hooks, encode_hooks
from evosplit.edge.hooks.reduced import MOST_GAIN, Reduction, change
from evosplit.edge.hooks.repeat import RepeatHook

SHAPE = (1, 3, 32, 48)
ANSWER = {"out": np.arange(4, dtype=np.float32).reshape(1, 4)}


def picture(seed=0, noise=0.0, noise_seed=0):
    scene = np.random.default_rng(seed).uniform(0.2, 0.7, SHAPE)
    return (scene + noise * np.random.default_rng(noise_seed).normal(size=SHAPE)).astype(np.float32)


def hook(threshold=0.98, **settings_):
    return RepeatHook("repeat", "image", Reduction(8), threshold, **settings_)


def knowing(**settings_):
    known = hook(**settings_)
    known.learn_answer("a", picture(), ANSWER)
    return known


def test_the_same_picture_gets_the_same_answer():
    decision = knowing().decide(picture(), "a")
    assert isinstance(decision, Exit)
    assert decision.confidence == pytest.approx(1)
    assert np.array_equal(decision.outputs["out"], ANSWER["out"])


def test_noise_and_light_are_no_change():
    assert isinstance(knowing().decide(picture(noise=0.01), "a"), Exit)
    assert isinstance(knowing().decide(1.1 * picture() + np.float32(0.02), "a"), Exit)


def test_one_block_that_changes_is_a_change():
    moved = picture()
    moved[:, :, 8:16, 16:24] += 0.1
    assert knowing().decide(moved, "a") is GO


def test_a_change_outside_the_region_is_none():
    watching = RepeatHook("repeat", "image", Reduction(8, (0.0, 0.5, 1.0, 1.0)), 0.98)
    watching.learn_answer("a", picture(), ANSWER)
    moved = picture()
    moved[:, :, :16] += 0.3
    assert isinstance(watching.decide(moved, "a"), Exit)


def test_what_it_cannot_know_goes_on():
    known = knowing()
    assert known.decide(picture(), "b") is GO
    assert known.decide(picture(seed=1), "a") is GO
    assert known.decide(picture()[:, :, :24], "a") is GO
    assert known.decide(picture()[0], "a") is GO
    assert known.decide(np.full(SHAPE, np.nan, np.float32), "a") is GO
    assert known.decide(np.full(SHAPE, np.inf, np.float32), "a") is GO
    assert isinstance(known.decide(picture(), "a"), Exit)
    known.forget("a")
    known.forget("never seen")
    assert known.decide(picture(), "a") is GO


def test_another_size_is_learned_anew():
    known = knowing()
    small = picture()[:, :, :24]
    known.learn_answer("a", small, ANSWER)
    assert isinstance(known.decide(small, "a"), Exit)
    assert known.decide(picture(), "a") is GO


def test_nothing_is_learned_from_nan():
    known = knowing()
    known.learn_answer("a", np.full(SHAPE, np.nan, np.float32), {"out": np.zeros((1, 4), np.float32)})
    decision = known.decide(picture(), "a")
    assert isinstance(decision, Exit)
    assert np.array_equal(decision.outputs["out"], ANSWER["out"])


def test_age_bounds_drift():
    known = knowing(max_age=3)
    said = [known.decide(picture(), "a") for _ in range(5)]
    assert [isinstance(one, Exit) for one in said] == [True, True, True, False, False]
    known.learn_answer("a", picture(), ANSWER)
    assert isinstance(known.decide(picture(), "a"), Exit)


def test_slow_drift_is_measured_from_the_full_answer():
    known, scene = knowing(), picture()
    steps = 0
    while known.decide(scene, "a") is not GO:
        steps += 1
        scene = scene.copy()
        scene[:, :, :8, :8] += 0.004
    assert 3 <= steps <= 8


def test_streams_are_bounded_and_the_oldest_goes():
    known = hook(most_streams=2)
    for stream in "abac":
        known.learn_answer(stream, picture(), ANSWER)
    assert [isinstance(known.decide(picture(), stream), Exit) for stream in "abc"] == [True, False, True]


def test_the_answer_is_its_own_copy():
    known, answer = hook(), {"out": np.ones((1, 2), np.float32)}
    known.learn_answer("a", picture(), answer)
    answer["out"][:] = 7
    assert known.decide(picture(), "a").outputs["out"].max() == 1


def test_a_more_cautious_one_starts_afresh():
    known = knowing()
    cautious = known.at_threshold(0.999)
    assert cautious.decide(picture(), "a") is GO
    cautious.learn_answer("a", picture(), ANSWER)
    assert cautious.decide(picture(noise=0.01), "a") is GO
    assert isinstance(known.decide(picture(noise=0.01), "a"), Exit)


def test_survives_a_file():
    kept = decode_hooks(encode_hooks("0" * 64, [knowing(max_age=5)]), "0" * 64)[0]
    assert kept.decide(picture(), "a") is GO
    kept.learn_answer("a", picture(), ANSWER)
    assert isinstance(kept.decide(picture(), "a"), Exit)
    assert (kept.threshold, kept.max_age, kept.reduction) == (0.98, 5, Reduction(8))


@given(st.floats(0.85, 1.2), st.floats(-0.1, 0.1), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_light_is_undone(gain, offset, seed):
    before = Reduction(8).of(picture(seed))
    assert change(before, (before * gain + offset).astype(np.float32)) < 1e-4


@given(st.integers(0, 23), st.floats(0.05, 0.5), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_no_block_hides_in_the_light(block, size, seed):
    before = Reduction(8).of(picture(seed))
    after = before.copy()
    after[:, block // 6, block % 6] += size
    assert change(before, after) > 0.7 * size


def test_a_gain_beyond_slow_light_is_a_change():
    before = Reduction(8).of(picture())
    assert change(before, before * np.float32(2 * MOST_GAIN)) > 0.02


def test_flat_pictures_and_odd_shapes():
    flat = np.full((1, 1, 3, 5), 0.5, np.float32)
    means = Reduction(8).of(flat)
    assert means.shape == (1, 1, 1)
    assert change(means, means) == 0
    assert change(means, means[:, :, :0]) == np.inf
    assert Reduction(8).of(np.zeros((1, 16, 24, 3), np.float32)).shape == (3, 2, 3)
    assert Reduction(8).of(np.zeros((1, 3, 0, 4), np.float32)) is None
    with pytest.raises(ValueError, match="region"):
        Reduction(8, (0.5, 0, 0.5, 1))


def stream(count, jump_every=10, seed=0):
    """A view that rests, with noise, and jumps; the answer names the view."""
    for index in range(count):
        view = index // jump_every
        yield picture(seed + view, noise=0.02, noise_seed=index), f"text:{view}"


def test_learns_from_consecutive_full_answers():
    learned = repeat_hook(stream(400), Reduction(8))
    assert learned is not None
    wrong = repeated = 0
    said = None
    for tensor, answer in stream(200, seed=1000):
        decision = learned.decide(tensor, "s")
        if decision is GO:
            learned.learn_answer("s", tensor, ANSWER)
            said = answer
        else:
            repeated, wrong = repeated + 1, wrong + (said != answer)
    assert wrong == 0
    assert repeated == 180


def test_learns_no_larger_changes_than_the_noise_allows():
    # Here every answer is the same, so agreement would allow anything.
    same = ((tensor, "text:") for tensor, _ in stream(400))
    learned = repeat_hook(same, Reduction(8))
    learned.learn_answer("s", picture(), ANSWER)
    moved = picture()
    moved[:, :, 8:16, 16:24] += 0.05
    assert isinstance(learned.decide(picture(noise=0.02), "s"), Exit)
    assert learned.decide(moved, "s") is GO


def test_learns_nothing_where_answers_do_not_stay():
    changing = ((picture(noise=0.01, noise_seed=index), str(index)) for index in range(200))
    assert repeat_hook(changing, Reduction(8)) is None
    nameless = ((picture(), None) for _ in range(200))
    assert repeat_hook(nameless, Reduction(8)) is None


def test_needs_enough_pairs_and_bounds_its_memory():
    trials = AnswerPairs(Reduction(8), most_pairs=LEAST_PAIRS, most_streams=2)
    trials.offer("s", np.full(SHAPE, np.nan, np.float32), "1")
    trials.offer("s", picture(), "1")
    assert trials.hook("repeat", "image", 0.9) is None
    for index in range(60):
        trials.offer(f"s{index % 3}", picture(), "1")
    for _ in range(60):
        trials.offer("s", picture(), "1")
    assert trials.hook("repeat", "image", 0.9) is not None
    assert len(trials) == LEAST_PAIRS
    fresh = AnswerPairs(Reduction(8), most_streams=2)
    for stream in ("a", "b", "c"):
        fresh.offer(stream, picture(), "1")
    assert len(fresh) == 0
    fresh.offer("a", picture(), "1")  # given up for c
    assert len(fresh) == 0
    fresh.offer("c", picture(), "1")
    assert len(fresh) == 1
