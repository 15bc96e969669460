"""Each ingredient of a cache key changes it; equal ingredients give equal keys."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from evosplit.shared.cache_key import CacheKey, runtime_versions
from evosplit.shared.card import card_from_data
from evosplit.shared.machine import this_machine

INPUT = {"colour": "RGB", "resize": {"kind": "stretch"}}
CARD = card_from_data({"version": 1, "name": "a", "input": INPUT})
KEY = CacheKey("errors", "0" * 64, "by hand", CARD, this_machine(), 2, 8.0, "inputs", "asked")
OTHERS = {
    "kind": "profile",
    "model_sha256": "1" * 64,
    "method": "otherwise",
    "card": card_from_data({"version": 1, "name": "b", "input": INPUT}),
    "machine": replace(this_machine(), processor="another one"),
    "threads": 1,
    "slowdown": 1.0,
    "inputs": "others",
    "asked": "something else",
    "runtimes": {**runtime_versions(), "onnxruntime": "0.1"},
}


def test_every_ingredient_is_tried() -> None:
    assert OTHERS.keys() == {field.name for field in fields(CacheKey)}


@pytest.mark.parametrize("name", OTHERS)
def test_each_ingredient_changes_the_key(name: str) -> None:
    assert replace(KEY, **{name: OTHERS[name]}).digest != KEY.digest


@pytest.mark.parametrize("name", ["card", "machine"])
def test_leaving_one_out_changes_it_too(name: str) -> None:
    assert replace(KEY, **{name: None}).digest != KEY.digest


@pytest.mark.parametrize("name", ["onnxruntime", "numba", "numpy", "evosplit"])
def test_the_version_of_each_runtime_counts(name: str) -> None:
    assert runtime_versions()[name]
    assert replace(KEY, runtimes={**runtime_versions(), name: "0.1"}).digest != KEY.digest


def test_equal_ingredients_give_equal_keys() -> None:
    assert replace(KEY).digest == KEY.digest
    assert len(KEY.digest) == 64
    assert replace(KEY, inputs="asked", asked="inputs").digest != KEY.digest
