"""Places of edges: forms that are read, and what is no place on Earth."""

from __future__ import annotations

import pytest

from evosplit.shared.errors import InputError, UsageError
from evosplit.shared.fleet.heartbeat import Heartbeat
from evosplit.shared.fleet.place import Place, parse_place
from evosplit.shared.serial import from_json, to_json


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("51.5,-0.12", Place(51.5, -0.12)),
        ("-33.9, 151", Place(-33.9, 151.0)),
        (" North gate 51.5,-0.12 ", Place(51.5, -0.12, "North gate")),
        ("Gate 7 +90,180", Place(90.0, 180.0, "Gate 7")),
    ],
)
def test_places_are_read(text: str, place: Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize("text", ["", "London", "51.5", "51.5;-0.12", "nan,1", "1e3,2", "51.5,-0.12 gate"])
def test_what_is_no_place_is_said_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"not a place: .*write it like 51\.5,-0\.12"):
        parse_place(text)


@pytest.mark.parametrize("text", ["91,0", "0,-181", f"{'x' * 65} 1,2", "a\x07b 1,2"])
def test_what_is_not_on_earth_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a place"):
        parse_place(text)


def test_a_heartbeat_brings_its_place() -> None:
    beat = Heartbeat("a", "b", 1, "f" * 64, place=Place(1.5, 2.5, "yard"))
    assert from_json(Heartbeat, to_json(beat), InputError) == beat
    with pytest.raises(InputError):
        from_json(Heartbeat, to_json(beat).replace(b"1.5", b"91.5"), InputError)
