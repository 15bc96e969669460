"""The bits hook: fewer bits where the answer survives them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.gate.bits_fit import fit_bits
from evosplit.edge.hook_training.trainers import logistic
from evosplit.edge.hooks.bits import BitsHook
from evosplit.edge.hooks.decisions import GO, Bits
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.hook_file import decode_hooks, encode_hooks
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.shared.errors import BundleError
from evosplit.shared.plan import TensorCode

CODE = TensorCode(8, 0.0, 1.0)


def tensor(seed):
    """Coarse pictures hold 0 and 1, fine ones values between; the tail below can tell them apart."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2, (1, 2, 6, 6)).astype(np.float32)
    return values if seed % 2 else values * np.float32(0.3) + np.float32(0.05) * (1 - values)


def tail(given):
    """Says the mean to three hundredths, which survives few bits only where all values are 0 or 1."""
    return str(round(float(given.mean()) / 0.03))


TENSORS = [tensor(seed) for seed in range(600)]


@pytest.fixture(scope="module")
def learned():
    return fit_bits("bits", "x", CODE, TENSORS, tail, logistic, 0.97)


def test_learns_when_few_bits_are_enough(learned):
    assert learned is not None
    assert [code.bits for code in learned.codes] == [2, 3, 4, 5, 6, 7, 8]
    fresh = [tensor(seed) for seed in range(1000, 1100)]
    said = [learned.decide(one, "s") for one in fresh]
    assert sum(one is not GO and one.codes["x"].bits == 2 for one in said[1::2]) > 30
    wrong = sum(
        tail(sent(one, bits)) != tail(sent(one, 8)) for one, bits in zip(fresh, map(width, said), strict=True)
    )
    assert wrong <= 3


def width(decision):
    return decision.codes["x"].bits if isinstance(decision, Bits) else 8


def sent(given, bits):
    return decode_tensor(encode_tensor("x", given, dataclasses.replace(CODE, bits=bits)))


def test_one_width_that_is_always_enough_needs_no_classifier():
    learned = fit_bits("bits", "x", CODE, TENSORS, lambda given: str(given.max() > 0.5), logistic, 0.97)
    assert {width(learned.decide(one, "s")) for one in TENSORS[:20]} == {2}


def test_values_that_are_not_finite_go_on(learned):
    assert learned.decide(np.full((1, 2, 6, 6), np.nan, np.float32), "s") is GO


def test_survives_a_file(learned):
    kept = decode_hooks(encode_hooks("0" * 64, [learned]), "0" * 64)[0]
    for seed in range(20):
        one, other = kept.decide(tensor(seed), "s"), learned.decide(tensor(seed), "s")
        assert getattr(one, "codes", None) == getattr(other, "codes", None)
    assert kept.macs == learned.macs > 0


def test_a_file_of_bit_widths_alone_is_read(learned):
    saved = learned.saved()
    fields = {name: value for name, value in saved.fields.items() if name != "codes"}
    old = BitsHook.restored(dataclasses.replace(saved, fields={**fields, "widths": [2, 3, 4, 5, 6, 7, 8]}))
    assert [width(old.decide(tensor(seed), "s")) for seed in range(40)] == [
        width(learned.decide(tensor(seed), "s")) for seed in range(40)
    ]


def test_a_file_whose_numbers_do_not_fit_is_refused(learned):
    broken = BitsHook("b", "x", FeatureSpec(), learned.classifier, (TensorCode(2), TensorCode(8)), (0.5,))
    with pytest.raises(BundleError, match="bits hook"):
        decode_hooks(encode_hooks("0" * 64, [broken]), "0" * 64)


def test_learns_nothing_where_no_width_holds():
    noisy = iter(range(10**9))
    assert fit_bits("bits", "x", CODE, TENSORS[:200], lambda _: str(next(noisy)), logistic, 0.97) is None
    assert fit_bits("bits", "x", CODE, TENSORS[:200], lambda _: None, logistic, 0.97) is None
    assert fit_bits("bits", "x", TensorCode(2, 0.0, 1.0), TENSORS, tail, logistic, 0.97) is None
    assert fit_bits("bits", "x", TensorCode(32), TENSORS, tail, logistic, 0.97) is None
    assert fit_bits("bits", "x", CODE, TENSORS[:1], tail, logistic, 0.97) is None
