"""Fit of a bits hook: one threshold for all codes, so that all coarser frames together keep the agreement."""

from __future__ import annotations

import numpy as np

from evosplit.edge.hook_training.bits_fit import bits_hook
from evosplit.edge.hook_training.thresholds import threshold
from evosplit.edge.hook_training.trainers import logistic
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.shared.plan import TensorCode

CODES = tuple(TensorCode(bits, 0.0, 1.0) for bits in (2, 4, 8))
TARGET = 0.98
EASY = np.arange(20000) % 2 == 0
SEEN = EASY[:, None].astype(np.float32)


def stays(easy_failing: float, hard_failing: float) -> np.ndarray:
    """Easy frames need 2 bits, hard ones 4, but for these shares of them; an easy one that fails needs 4."""
    draw = np.random.default_rng(0).random(EASY.size)
    two = EASY & (draw >= easy_failing)
    four = EASY | (draw >= hard_failing)
    return np.stack([two, four, np.ones_like(four)], axis=1)


def agreement(rows: np.ndarray) -> tuple[float, float]:
    """Of the frames that a hook sends coarser, how many keep their answer, and how many those are."""
    hook = bits_hook("bits", "x", FeatureSpec(), CODES, SEEN, rows, logistic, TARGET)
    if hook is None:
        return 1.0, 0.0
    enough = np.cumsum(hook.classifier.scores(SEEN), axis=1)[:, :-1] >= np.array(hook.thresholds)
    coarser = enough.any(axis=1)
    kept = rows[np.arange(len(rows)), enough.argmax(axis=1)]
    return float(kept[coarser].mean()), float(coarser.mean())


def test_codes_that_each_keep_the_agreement_may_not_do_so_together() -> None:
    """4 bits fail 1.5 % of all frames, 2 bits 1.3 % of the easy ones; both, each where it may be, 2.1 %."""
    rows = stays(0.013, 0.03)
    easier = EASY[len(EASY) // 2 :]
    held = rows[len(rows) // 2 :]
    assert threshold(np.ones(len(held)), held[:, 1], TARGET) is not None
    assert threshold(easier.astype(float), held[:, 0], TARGET) is not None
    kept, share = agreement(rows)
    assert kept >= TARGET
    assert 0.4 < share < 0.6


def test_all_frames_are_coarser_where_that_keeps_the_agreement() -> None:
    kept, share = agreement(stays(0.005, 0.01))
    assert kept >= TARGET
    assert share > 0.99


def test_without_a_coarser_code_there_is_no_hook() -> None:
    rows = np.ones((400, 1), np.bool_)
    assert bits_hook("bits", "x", FeatureSpec(), CODES[-1:], SEEN[:400], rows, logistic, TARGET) is None
