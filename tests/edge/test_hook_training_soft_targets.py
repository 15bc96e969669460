import numpy as np
import pytest

from evosplit.edge.hook_training.samples import Samples
from evosplit.edge.hook_training.soft_targets import soft_answers, softened
from evosplit.edge.hooks.exit import OTHER


def samples(outputs, codes=(1, 2, 1, 3), answers=(OTHER, "b", "a", "c")):
    codes = np.array(codes)
    none = np.zeros(len(codes))
    return Samples(none[:, None].astype(np.float32), codes, answers, outputs, none > 0, none.astype(np.int64))


SCORES = np.float32([[[1, 5, 0]], [[7, 0, 0]], [[0, 4, 1]], [[0, 0, 2]]])
WANTED = softened(SCORES[:, 0])[:, [1, 0, 2]]


def test_each_answer_gets_the_share_of_its_score():
    found = soft_answers(samples({"y": SCORES}), ("b", "a", "c"))
    np.testing.assert_allclose(found, WANTED, rtol=1e-6)


def test_what_is_left_goes_to_the_others():
    found = soft_answers(samples({"y": SCORES}), ("b", "a", OTHER))
    np.testing.assert_allclose(found, WANTED, rtol=1e-5)


def test_what_has_no_place_is_shared_out():
    found = soft_answers(samples({"y": SCORES[:3]}, codes=(1, 2, 1)), ("b", "a"))
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


def test_shares_are_taken_back_to_scores():
    powers = np.exp(SCORES)
    found = soft_answers(samples({"y": powers / powers.sum(axis=2, keepdims=True)}), ("b", "a", "c"))
    np.testing.assert_allclose(found, WANTED, rtol=1e-4)


@pytest.mark.parametrize(
    "outputs",
    [{}, {"y": SCORES[:, :, :1]}, {"y": SCORES[::-1] * [1, 1, -1]}, {"y": SCORES.astype(np.int64)}],
)
def test_outputs_that_do_not_score_the_answers_are_no_help(outputs):
    assert soft_answers(samples(outputs), ("b", "a", "c")) is None
