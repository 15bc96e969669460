import numpy as np
import pytest
from hook_examples import exit_hook, tensor

from evosplit.edge.hooks.decisions import GO, Exit


def test_it_exits_with_the_outputs_of_the_answer_when_sure():
    decision = exit_hook().decide(tensor(0, 0, 9), "s")
    assert isinstance(decision, Exit)
    assert decision.outputs["y"].tolist() == [[4, 5]]
    assert decision.outputs["n"].tolist() == [2]
    assert decision.confidence > 0.99


def test_it_goes_on_when_not_sure():
    assert exit_hook().decide(tensor(0, 0, 1), "s") == GO
    assert isinstance(exit_hook(0.5).decide(tensor(0, 0, 1), "s"), Exit)


def test_rarer_answers_never_exit():
    assert exit_hook(0.0).decide(tensor(0, 9, 0), "s") == GO


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_goes_on(value):
    values = tensor(9, 0, 0)
    values[0, 1, 2, 3] = value
    assert exit_hook(0.0).decide(values, "s") == GO


def test_a_threshold_that_is_no_number_goes_on():
    assert exit_hook(float("nan")).decide(tensor(9, 0, 0), "s") == GO


def test_the_threshold_can_be_raised():
    cautious = exit_hook(0.5).at_threshold(0.9999)
    assert cautious.decide(tensor(0, 0, 2), "s") == GO
    assert cautious.name == "exit-0"
    assert cautious.macs == 9
