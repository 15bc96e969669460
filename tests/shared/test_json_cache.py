"""Values that are kept as JSON files."""

from __future__ import annotations

from pathlib import Path

from evosplit.shared.json_cache import read_kept, write_kept
from evosplit.shared.link import Link


def test_what_is_kept_is_read_unless_it_is_broken(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "link.json"
    assert read_kept(Link, place) is None
    write_kept(place, Link(5.0))
    assert read_kept(Link, place) == Link(5.0)
    place.write_text("{")
    assert read_kept(Link, place) is None
