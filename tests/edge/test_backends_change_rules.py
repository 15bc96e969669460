"""Change thresholds that no two pictures of a network reach are refused, in the units of its input."""

from __future__ import annotations

import pytest
from card_examples import card_data

from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.shared.card import card_from_data
from evosplit.shared.errors import UsageError


@pytest.mark.parametrize(
    ("fields", "largest"),
    [
        ({}, 255.0),
        ({"input__scale": "1/255"}, 1.0),
        ({"input__scale": "1/255", "input__std": [0.5, 0.25, 1.0]}, 4.0),
    ],
)
def test_a_threshold_beyond_the_input_is_refused(fields: dict[str, object], largest: float) -> None:
    reach = card_from_data(card_data(**fields)).input.largest_change
    assert reach == pytest.approx(largest)
    ChangeSettings(0.99 * largest).check_reach(reach)
    with pytest.raises(UsageError, match=r"differ by .* at the most.*; try "):
        ChangeSettings(largest).check_reach(reach)
