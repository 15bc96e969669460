"""docs/api.md says what the docstrings say: `make api` makes it anew."""

from __future__ import annotations

import evosplit
from docs.make_api import PAGE, api_page


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == api_page(), "make api"


def test_every_public_name_has_its_place() -> None:
    page = api_page()
    places = [page.index(f"`{name}`\n") for name in evosplit.__all__]
    assert places == sorted(places)
