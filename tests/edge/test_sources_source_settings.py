"""Settings of a source: what is wrong with them, in words."""

from __future__ import annotations

import pytest

from evosplit.edge.sources.source_settings import source_settings
from evosplit.shared.errors import UsageError


@pytest.mark.parametrize("name", ["a/b", "with space", "..", "", "ünï", "x" * 65, "gate\n"])
def test_a_name_that_is_none_is_told_with_what_names_are(name: str) -> None:
    with pytest.raises(UsageError, match=r"not a source's name: .* \(1 to 64 of A-Z a-z"):
        source_settings({"name": name, "address": "v4l2:0"})


@pytest.mark.parametrize("name", ["gate", "7", "North_gate-2.b", "x" * 64])
def test_a_name_of_letters_and_digits_is_taken(name: str) -> None:
    assert source_settings({"name": name, "address": "v4l2:0"}).name == name
