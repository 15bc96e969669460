"""Margins of answers, read by card or without one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.planner.drop.margins import collapse, ctc_allowed, margin, only_best, only_class, reader_for
from evosplit.shared.card import card_from_data
from evosplit.shared.graph import load_graph
from tests.models import branch_net, chain_net, save

INPUT = {"colour": "RGB", "scale": "1/255", "resize": {"kind": "stretch"}}


def card(output: dict[str, object]):
    return card_from_data({"version": 1, "name": "n", "input": INPUT, "output": output})


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(2, 6), st.integers(0, 999))
def test_a_margin_is_what_it_takes_to_change_the_path(steps: int, classes: int, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(size=(steps, classes))
    path = scores.argmax(axis=1)
    sure = margin(scores, only_best(scores))
    assert sure >= 0
    for step in range(steps):
        for other in range(classes):
            if other != path[step]:
                changed = scores.copy()
                changed[step, path[step]] -= 0.99 * sure
                assert changed.argmax(axis=1).tolist() == path.tolist()
    lowered = scores - 1.01 * sure * np.eye(classes)[path]
    assert lowered.argmax(axis=1).tolist() != path.tolist()
    assert margin(lowered, only_best(scores)) < 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7), st.integers(2, 5), st.integers(0, 999))
def test_what_a_text_allows_at_one_step_is_all_that_keeps_it(steps: int, classes: int, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(size=(steps, classes))
    path, blank = scores.argmax(axis=1), classes - 1
    allowed = ctc_allowed(scores, blank)
    for step in range(steps):
        for other in range(classes):
            changed = path.copy()
            changed[step] = other
            assert allowed[step, other] == (collapse(changed, blank) == collapse(path, blank))


def test_classes_as_logits_or_shares(tmp_path) -> None:
    graph = load_graph(save(chain_net(), tmp_path))
    logits = np.array([[1.0, 4.0, 2.5, 0.0, 0.0]], np.float32)
    shares = np.exp(logits) / np.exp(logits).sum()
    for reader, values in (
        (reader_for(graph, None), logits),
        (reader_for(graph, None), shares),
        (reader_for(graph, card({"kind": "classes", "scores": "probabilities"})), shares),
        (reader_for(graph, card({"kind": "classes", "tensor": "y"})), logits),
    ):
        assert reader.answer({"y": values}) == 1
        assert _margin_of(reader.steps({"y": values}), 1) == pytest.approx(1.5, abs=1e-5)
        assert _margin_of(reader.steps({"y": values}), 0) == pytest.approx(-3, abs=1e-5)


def _margin_of(steps: np.ndarray, label: int) -> float:
    return margin(steps, only_class(steps, label))


def test_texts_over_time(tmp_path) -> None:
    graph = load_graph(save(chain_net(), tmp_path))
    scores = np.array([[5.0, 0, 0], [5, 0, 4.5], [0, 0, 3], [0, 4, 1]])
    for axes, values in (("time-classes", scores), ("classes-time", scores.T)):
        reader = reader_for(graph, card({"kind": "text-ctc", "alphabet": "ab", "axes": axes, "tensor": "y"}))
        outputs = {"y": values[None].astype(np.float32)}
        assert reader.answer(outputs) == "ab"
        steps = reader.steps(outputs)
        assert only_best(steps).argmax(axis=1).tolist() == [0, 0, 2, 1]
        assert margin(steps, only_best(steps)) == 0.5
        assert margin(steps, reader.allowed(steps)) == 3, "a blank at the second step changes nothing"


def test_networks_without_such_an_answer(tmp_path) -> None:
    graph = load_graph(save(chain_net(), tmp_path))
    for output in ({"kind": "boxes-yolox"}, {"kind": "image"}, {"kind": "raw"}):
        assert (reader_for(graph, card(output)) is None) == (output["kind"] != "raw")
    assert reader_for(graph, None) is not None, "one score per class"
    assert reader_for(load_graph(save(branch_net(), tmp_path, "branch")), None) is None
