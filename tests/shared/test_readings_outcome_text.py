"""Outcomes in words."""

from __future__ import annotations

from typing import Any

import pytest

from evosplit.shared.readings.outcome_text import outcome_text

BOX = {"class": 7, "label": "truck", "score": 0.754, "box": [0, 0, 1, 1]}


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (None, ""),
        ({"text": "AB 12"}, "AB 12"),
        ({"text": ""}, "no text"),
        ({"top": [{"class": 3, "score": 0.5}, {"class": 4, "score": 0.2}]}, "3 50 %"),
        ({"boxes": []}, "nothing found"),
        ({"boxes": [BOX, {**BOX, "label": "car", "score": 0.6}]}, "truck 75 %, car 60 %"),
        ({"boxes": [BOX] * 7}, "truck 75 %, truck 75 %, truck 75 %, truck 75 %, truck 75 %, and 2 more"),
        ({"areas": [{"class": 1, "share": 0.25}]}, "1 25 %"),
        ({"size": [3, 4]}, '{"size": [3, 4]}'),
        ([1, 2], "[1, 2]"),
    ],
)
def test_a_few_words(outcome: Any, text: str) -> None:
    assert outcome_text(outcome) == text
