"""The grammar of plates, and reading logits back into them."""

import numpy as np
import pytest

from evosplit.cli.gate.decode import decode_plate
from evosplit.cli.gate.plates import (
    ALPHABET,
    BLANK,
    CLASSES,
    PATTERNS,
    SLOTS,
    is_plate,
    random_plate,
    to_slots,
)


def logits_of(text, margin=6.0):
    logits = np.zeros((SLOTS, CLASSES), np.float32)
    logits[np.arange(SLOTS), to_slots(text)] = margin
    return logits


def test_alphabet_has_no_symbols_that_look_alike():
    assert len(set(ALPHABET)) == len(ALPHABET) == 33
    assert not set("IOQ") & set(ALPHABET)


def test_random_plates_follow_the_grammar_and_use_every_pattern():
    rng = np.random.default_rng(0)
    plates = [random_plate(rng) for _ in range(300)]
    assert all(is_plate(plate) for plate in plates)
    shapes = {"".join("D" if symbol.isdigit() else "L" for symbol in plate) for plate in plates}
    assert shapes == set(PATTERNS)


@pytest.mark.parametrize("text", ["", "A", "AB12CD", "AB12CDEF", "IO12CDE", "ab12cde"])
def test_what_is_no_plate(text):
    assert not is_plate(text)


def test_slots_end_in_blanks():
    assert to_slots("AB1234").tolist()[-1] == BLANK
    assert to_slots("").tolist() == [BLANK] * SLOTS


@pytest.mark.parametrize("text", ["AB12CDEF", "AB?2CDE", "ab12cde"])
def test_slots_refuse_what_they_cannot_hold(text):
    with pytest.raises(ValueError, match="not a plate"):
        to_slots(text)


@pytest.mark.parametrize("text", ["", "AB12CDE", "ABC1234", "AB1234", "A123BC"])
def test_decode_inverts_slots(text):
    read, confidence = decode_plate(logits_of(text))
    assert read == text
    assert 0.9 < confidence < 1


def test_decode_lets_the_grammar_settle_a_doubt():
    logits = logits_of("AB12CDE")
    logits[0, ALPHABET.index("8")] = 6.5  # a digit where every pattern wants a letter
    assert decode_plate(logits)[0] == "AB12CDE"


def test_confidence_is_that_of_the_least_sure_symbol():
    logits = logits_of("AB12CDE")
    logits[3, ALPHABET.index("7")] = 6.0
    assert decode_plate(logits)[1] == pytest.approx(0.5, abs=0.05)
