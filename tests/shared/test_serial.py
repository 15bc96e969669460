"""JSON has no NaN: whatever dataclass holds one is named, at its place, in one line."""

import json
import math
from dataclasses import dataclass

import pytest

from evosplit.shared.errors import EvoSplitError
from evosplit.shared.serial import from_json, json_text, to_json


@dataclass(frozen=True)
class Part:
    seconds: dict[str, float]


@dataclass(frozen=True)
class Whole:
    name: str
    parts: tuple[Part, ...]


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_named_with_its_place(broken: float) -> None:
    whole = Whole("net", (Part({"a": 0.5}), Part({"b": 1.0, "conv1": broken})))
    with pytest.raises(EvoSplitError, match=r"Whole: parts\.1\.seconds\.conv1 is NaN or infinity") as caught:
        to_json(whole)
    assert "\n" not in str(caught.value)


def test_finite_values_come_back() -> None:
    whole = Whole("net", (Part({"a": 1e308, "b": -5e-324}),))
    assert from_json(Whole, to_json(whole), EvoSplitError) == whole


def test_json_for_readers_has_null_where_a_number_is_not_finite() -> None:
    data = {"a": [1.5, math.nan, (math.inf, "x")], "b": {"c": -math.inf, "d": None}}
    assert json.loads(json_text(data)) == {"a": [1.5, None, [None, "x"]], "b": {"c": None, "d": None}}
