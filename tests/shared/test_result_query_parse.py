"""Filters from the query of a URL."""

from __future__ import annotations

import pytest

from evosplit.shared.errors import UsageError
from evosplit.shared.result_query import ResultFilter, parse_filter


def test_all_of_it() -> None:
    asked = {
        "since": "10",
        "until": "1970-01-01T00:00:20Z",
        "stream": "gate",
        "model": "net",
        "edge": "north",
        "label": "truck",
        "min_confidence": "0.5",
        "text": "AB",
        "region": "0,10,200,1e2",
        "plan": "ab12",
        "cut": "3",
        "answered_by": "edge",
        "late": "false",
        "failed": "true",
        "limit": "7",
        "cursor": "c",
        "order": "asc",
    }
    right = ResultFilter(
        since_s=10.0,
        until_s=20.0,
        stream="gate",
        model="net",
        edge="north",
        label="truck",
        min_confidence=0.5,
        text="AB",
        region=(0.0, 10.0, 200.0, 100.0),
        plan="ab12",
        cut="3",
        answered_by="edge",
        late=False,
        failed=True,
        limit=7,
        cursor="c",
        order="asc",
    )
    assert parse_filter(asked) == right
    assert parse_filter({}) == ResultFilter()
    assert parse_filter({"by": "hour"}, more=("by",)) == ResultFilter()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("since", "yesterday"),
        ("limit", "0"),
        ("limit", "x"),
        ("limit", "1001"),
        ("min_confidence", "2"),
        ("min_confidence", "nan"),
        ("region", "1,2,3"),
        ("region", "1,2,3,nan"),
        ("plan", "xyz"),
        ("late", "yes"),
        ("text", ""),
        ("answered_by", "me"),
        ("order", "up"),
        ("colour", "red"),
    ],
)
def test_what_is_wrong_is_said(key: str, text: str) -> None:
    with pytest.raises(UsageError) as wrong:
        parse_filter({key: text})
    assert "\n" not in str(wrong.value)
