"""Rules of sinks: what they hold for, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sink_support import boxes, result, top

from evosplit.edge.sinks.rule import LONGEST, Rule
from evosplit.shared.errors import UsageError


@pytest.mark.parametrize(
    ("text", "outcome", "holds"),
    [
        ('label == "truck" and confidence > 0.6', boxes(("car", 0.9), ("truck", 0.7)), True),
        ('label == "truck" and confidence > 0.6', boxes(("car", 0.9), ("truck", 0.5)), False),
        ('label == "truck"', boxes(), False),
        ("things >= 2", boxes(("car", 0.9), ("car", 0.2)), True),
        ("things == 0", boxes(), True),
        ('label in ["cat", "dog"]', top("cat", 0.2), True),
        ("confidence > 0.6", top("cat", 0.2), False),
        ('text =~ "B-.*"', {"text": "B-42"}, True),
        ('text =~ "B-.*"', top("cat", 0.2), False),
        ('stream == "camera" and answered_by != "nobody"', None, True),
        ("confidence > 0.6", None, False),
        ("failed", None, False),
        ("late or latency_s > 1", None, False),
        ("not late", None, True),
    ],
)
def test_a_rule_holds_for_what_a_result_names(text: str, outcome: Any, holds: bool) -> None:
    assert Rule(text).holds(result(1, outcome)) is holds


def test_failures_can_be_asked_for() -> None:
    assert Rule("failed").holds(result(1, answered_by="nobody", error="no cloud"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "label ==",
        "nothing_known == 1",
        'label > 3 and "x" + 1',
        "__import__('os').system('true')",
        "label.__class__.__mro__",
        "confidence > 0.5 and " * 100 + "true",
    ],
)
def test_what_is_no_rule_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        Rule(text)
    assert "\n" not in str(refused.value)


@given(st.text(max_size=60) | st.text('label"=<>()[]&|.+-*/ andornot0123', max_size=60))
def test_no_text_does_anything_but_hold_or_be_refused(text: str) -> None:
    try:
        rule = Rule(text)
    except UsageError:
        return
    assert rule.holds(result(1, top("cat", 0.5))) in (True, False)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_comparison_is_that_of_numbers(limit: float, score: float) -> None:
    rule = Rule(f"confidence > {limit:.6f}")
    assert rule.holds(result(1, top("cat", round(score, 6)))) is (round(score, 6) > float(f"{limit:.6f}"))


def test_the_length_is_bounded() -> None:
    with pytest.raises(UsageError, match=str(LONGEST)):
        Rule("late or " * LONGEST + "late")
