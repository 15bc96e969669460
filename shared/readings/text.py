"""Text outputs: scores of symbols to a text, as sure as its least sure symbol."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.card.outputs import TextCtcOutput, TextSlotsOutput
from evosplit.shared.readings.reading import Reading, rounded, softmax


def read_slots(output: TextSlotsOutput, logits: NDArray[np.float32]) -> Reading:
    """``{"text": "..."}`` from ``(slots, classes)``: the best symbol of each slot, blanks left out.

    With forms, the text of the greatest likelihood (product over the slots) among those they allow.
    """
    best = _likeliest(output, logits).argmax(axis=1)
    symbols = output.symbols
    text = "".join([symbols[index] for index in best])
    return _reading(text, float(softmax(logits)[np.arange(len(best)), best].min()))


def _likeliest(output: TextSlotsOutput, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logits of the likeliest form alone, minus infinity elsewhere.

    Sums of logits stand for products of probabilities: each slot's normaliser is the same in every form.
    """
    if not output.forms:
        return logits
    kinds = tuple(output.kinds.items())
    allowed = _allowed(output.forms, kinds, output.symbols, output.blank_index, len(logits))
    forms = np.where(allowed, logits, np.float32(-np.inf))
    return np.asarray(forms[forms.max(axis=2).sum(axis=1).argmax()])


@functools.lru_cache(maxsize=8)
def _allowed(
    forms: tuple[str, ...],
    kinds: tuple[tuple[str, str], ...],
    symbols: tuple[str, ...],
    blank: int,
    slots: int,
) -> NDArray[np.bool_]:
    """Which classes each form allows in each slot: ``(forms, slots, classes)``, read-only."""
    classes, standing = {symbol: index for index, symbol in enumerate(symbols)}, dict(kinds)
    allowed = np.zeros((len(forms), slots, len(symbols)), np.bool_)
    for number, form in enumerate(forms):
        for slot, kind in enumerate(form):
            allowed[number, slot, [classes[symbol] for symbol in standing[kind]]] = True
        allowed[number, len(form) :, blank] = True
    allowed.setflags(write=False)
    return allowed


def read_ctc(output: TextCtcOutput, logits: NDArray[np.float32]) -> Reading:
    """``{"text": "..."}`` from ``(time, classes)`` by the best path: repeats collapse, then blanks go.

    Graves et al. 2006, section 3.2. A symbol that lasts several steps is as sure as at its surest step.
    """
    shares = softmax(logits if output.axes == "time-classes" else logits.T)
    best, sure = shares.argmax(axis=1), shares.max(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    symbols, peaks = best[starts], np.maximum.reduceat(sure, starts)
    kept = symbols != output.blank_index
    confidence = peaks[kept].min() if kept.any() else sure.min()
    return _reading("".join(output.symbols[index] for index in symbols[kept]), float(confidence))


def _reading(text: str, confidence: float) -> Reading:
    return Reading({"text": text}, rounded(confidence))
