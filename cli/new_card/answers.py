"""Answers to the questions of a new card: given as options, taken from the guess, or asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import click

from evosplit.shared.card import Output
from evosplit.shared.card.schema import CHANNELS
from evosplit.shared.errors import UsageError

KINDS: Final = tuple(
    get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(get_args(Output)[0])
)
"""The kinds of output that a card may have."""


@dataclass(frozen=True)
class Answers:
    """``given`` are the options by name, None where one is left out; ``takes_guesses`` asks for nothing."""

    given: Mapping[str, Any]
    takes_guesses: bool

    def one(self, name: str, question: str, guess: Any, parse: Callable[[str], Any] = str) -> Any:  # noqa: ANN401
        """The option, or the guess, or what is typed; a wrong one is asked for again, or is a UsageError."""
        if self.given.get(name) is not None:
            return parse(str(self.given[name]))
        if self.takes_guesses:
            return guess
        return click.prompt(question, default=as_text(guess), value_proc=_asked(parse), err=True)


def as_text(value: Any) -> str:  # noqa: ANN401 - numbers, texts, lists of them
    """An answer as one would type it: lists with commas between them."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def parse_numbers(text: str) -> Any:  # noqa: ANN401 - as cards have them
    """One number or several with commas between them; fractions stay texts. Raises UsageError."""
    numbers = [_number(part.strip()) for part in text.split(",")]
    return numbers[0] if len(numbers) == 1 else numbers


def parse_picture_size(text: str) -> tuple[int, int]:
    """``640x480``: height and width of the input. Raises UsageError."""
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isdecimal() and 0 < int(side) <= 16384 for side in sides):
        raise UsageError(f"not a height and a width: {text!r} (write it like 480x640)")
    return int(sides[0]), int(sides[1])


def parse_resize(text: str) -> dict[str, Any]:
    """``stretch``, ``pad``, ``pad:114`` (the fill) or ``crop:256`` (the shorter side). Raises UsageError."""
    kind, _, number = text.partition(":")
    if kind not in ("stretch", "pad", "crop") or (number and not number.isdecimal()):
        raise UsageError(f"no way to resize: {text!r} (stretch, pad:114, crop:256)")
    if (kind == "crop") != bool(number) and kind != "pad":
        raise UsageError(f"crop goes with its shorter side, as in crop:256: {text!r}")
    if kind == "pad":
        return {"kind": kind, "fill": int(number or 0)}
    return {"kind": kind, **({"shorter_side": int(number)} if number else {})}


def resize_text(resize: Mapping[str, Any]) -> str:
    """What `parse_resize` reads."""
    number = resize.get("shorter_side", resize.get("fill"))
    return resize["kind"] if number is None else f"{resize['kind']}:{number}"


def parse_kind(text: str) -> str:
    """The kind of a card's output. Raises UsageError."""
    if text not in KINDS:
        raise UsageError(f"no kind of output: {text!r} ({', '.join(KINDS)})")
    return text


def parse_colour(text: str) -> str:
    """The order of the channels. Raises UsageError."""
    if text.upper() not in CHANNELS:
        raise UsageError(f"no order of channels: {text!r} ({', '.join(CHANNELS)})")
    return text.upper()


def parse_alphabet(text: str) -> str:
    """The characters themselves, or the name of a text file that holds them."""
    path = Path(text)
    is_file = len(text) < 255 and "\0" not in text and path.is_file()
    return "".join(path.read_text(encoding="utf-8").split()) if is_file else text


def _number(text: str) -> float | int | str:
    try:
        top, slash, bottom = text.partition("/")
        value = float(top) / float(bottom) if slash else float(top)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"not a number or a fraction: {text!r}") from None
    return text if slash else int(value) if value.is_integer() else value


def _asked(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:  # noqa: ANN401
        try:
            return parse(text)
        except UsageError as wrong:
            raise click.BadParameter(str(wrong)) from None

    return read
