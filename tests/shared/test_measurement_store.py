"""What is kept is found under its key alone, and made again when asked to or broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evosplit.shared.cache_key import CacheKey
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.link import Link
from evosplit.shared.measurement_store import measurements_in

KEY = CacheKey("links", "0" * 64, "by hand")


def test_a_value_is_made_once_and_again_when_asked_to(tmp_path: Path) -> None:
    store, made = measurements_in(tmp_path), []

    def make() -> Link:
        made.append(len(made))
        return Link(1e6, float(len(made)))

    assert store.known(Link, KEY) is None
    assert (
        store.get(Link, KEY, make) == store.get(Link, KEY, make) == store.known(Link, KEY) == Link(1e6, 1.0)
    )
    assert store.get(Link, KEY, make, fresh=True) == store.known(Link, KEY) == Link(1e6, 2.0)
    assert store.known(Link, replace(KEY, threads=2)) is None
    (path,) = (tmp_path / "links").iterdir()
    path.write_text("{")
    assert store.get(Link, KEY, make) == Link(1e6, 3.0)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "links").write_text("in the way")
    with pytest.raises(EvoSplitError, match="cannot keep"):
        measurements_in(tmp_path).get(Link, KEY, lambda: Link(1e6))
