"""`evosplit new`: a first model card, by looking at the ONNX file and by asking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import click

from evosplit.cli.new_card.answers import Answers
from evosplit.cli.new_card.new_card import NewCard, new_card
from evosplit.cli.new_card.trial import try_card
from evosplit.cli.options import FILE, json_option, model_argument
from evosplit.cli.output import print_json, print_notes
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import UsageError

_Command: TypeAlias = Callable[..., None]
_ANSWERS: Final = {
    "name": "What the network is called.",
    "size": "Height and width of the input where the file leaves them open, as in 480x640.",
    "colour": "Order of the channels: RGB, BGR or Y.",
    "resize": "stretch, pad:114 (the fill) or crop:256 (the shorter side).",
    "scale": "As in value = (pixel * scale - mean) / std; 1/255 is a number.",
    "mean": "One number, or one per channel with commas between them.",
    "std": "One number, or one per channel with commas between them.",
    "kind": "Kind of the output: docs/model-card.md lists them.",
    "scores": "Of classes and segmentations: logits, probabilities or numbers.",
    "score": "Least score of a box.",
    "overlap": "Most overlap of two boxes of one class.",
    "labels": "Text file of the classes' labels, one a line.",
    "alphabet": "Characters of a text network, without the blank, or a file of them.",
    "blank": "Class of the blank of a text network. [default: the last]",
    "white": "Value of full brightness of an output picture.",
}
_NUMBERS: Final = {"score": float, "overlap": float, "white": float, "blank": int}


def _answer_options(command: _Command) -> _Command:
    """An option for each question, none of which has a default: the guess is it."""
    for name, text in reversed(_ANSWERS.items()):
        command = click.option(f"--{name}", type=_NUMBERS.get(name, str), help=text)(command)
    return command


@click.command()
@model_argument
@click.option("-y", "--yes", is_flag=True, help="Take every guess and ask for nothing.")
@click.option("--try", "picture", type=FILE, help="Run the network on this picture and print the result.")
@click.option("-o", "--out", type=FILE, help="Where to write the card. [default: NAME.yaml beside MODEL]")
@click.option("--force", is_flag=True, help="Write over a card that is there.")
@_answer_options
@json_option
def new(
    model: Path,
    yes: bool,
    picture: Path | None,
    out: Path | None,
    force: bool,
    as_json: bool,
    **given: Any,  # noqa: ANN401 - texts and numbers, one by question
) -> None:
    r"""Write a model card for MODEL: by looking at the file, and by asking for what it leaves open.

    \b
    Example: evosplit new yolo.onnx --yes --try street.jpg
    """
    path = out or model.with_suffix(".yaml")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already: --force writes over it, -o another file")
    made = _asked(model, Answers(given, yes))
    write_whole(path, made.text().encode())
    report = {"card": str(path), "certainty": made.guess.certainty, "why": made.guess.why}
    _say(as_json, f"wrote {path} ({made.said()})", f"pixels: {made.input_why}")
    if picture is not None:
        report |= _tried(made, picture)
    if as_json:
        print_json({**report, "fields": made.data})
    elif picture is not None:
        print_json(_short(report["outcome"]))


def _asked(model: Path, answers: Answers) -> NewCard:
    try:
        return new_card(model, answers)
    except click.Abort:
        raise UsageError("no card was written: answer all questions, or --yes takes the guesses") from None


def _tried(made: NewCard, picture: Path) -> dict[str, Any]:
    reading, doubts = try_card(made.card, made.graph, picture)
    print_notes(f"looks wrong: {line}" for line in doubts)
    return {"outcome": reading.outcome, "confidence": reading.confidence, "doubts": list(doubts)}


def _short(outcome: Any) -> Any:  # noqa: ANN401 - plain JSON
    """For people: without a picture's bytes and without the runs of a mask."""
    return {key: value for key, value in outcome.items() if key not in ("png_base64", "mask")}


def _say(as_json: bool, *lines: str) -> None:
    """On standard output, or beside the JSON on standard error."""
    for line in lines:
        click.echo(line, err=as_json)
