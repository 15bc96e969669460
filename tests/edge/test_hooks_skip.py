import numpy as np
import pytest
from hook_examples import skip_hook, tensor

from evosplit.edge.hooks.decisions import GO, Skip


def test_it_skips_when_nothing_changes():
    assert skip_hook().decide(tensor(3), "s") == Skip()
    assert skip_hook().decide(tensor(0.5), "s") == GO
    assert skip_hook().decide(tensor(-3), "s") == GO
    assert skip_hook(0.4).decide(tensor(0.5), "s") == Skip()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_goes_on(value):
    values = tensor(3)
    values[0, 0, 1, 1] = value
    assert skip_hook(0.0).decide(values, "s") == GO


def test_the_threshold_can_be_raised():
    assert skip_hook().at_threshold(1.1).decide(tensor(30), "s") == GO
    assert skip_hook().macs == 3
