"""Values that are kept as JSON files."""

from __future__ import annotations

from pathlib import Path

from evosplit.shared.json_cache import kept, read_kept
from evosplit.shared.link import Link


def test_what_is_kept_is_made_once(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> Link:
        made.append(1)
        return Link(5.0)

    place = tmp_path / "deep" / "link.json"
    assert kept(Link, place, make) == kept(Link, place, make) == Link(5.0)
    assert len(made) == 1
    place.write_text("{")
    assert read_kept(Link, place) is None
    assert kept(Link, place, make) == Link(5.0)
