"""New model card: the guesses about a file, the answers about them, and the text of the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from evosplit.cli.new_card.answers import (
    Answers,
    parse_alphabet,
    parse_colour,
    parse_kind,
    parse_numbers,
    parse_picture_size,
    parse_resize,
    resize_text,
)
from evosplit.cli.new_card.guess import Guess, Outputs
from evosplit.cli.new_card.known_labels import read_labels
from evosplit.cli.new_card.model_look import ModelLook, Size, look
from evosplit.cli.new_card.picture_input import guess_input
from evosplit.cli.new_card.recognise import labels_of, recognise
from evosplit.shared.card import Card, card_from_data, check_card
from evosplit.shared.errors import UsageError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.graph.passes import Pins

_PARAMETERS: Final = ("scores", "score", "overlap", "blank", "white")


@dataclass(frozen=True)
class NewCard:
    """``data`` is the card as it is written, ``card`` the same checked against ``graph``."""

    data: Mapping[str, Any]
    card: Card
    graph: Graph
    guess: Guess
    input_why: str

    def text(self) -> str:
        """YAML, with where the reading comes from."""
        body = yaml.safe_dump(
            dict(self.data), sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
        )
        return f"# evosplit new: {self.said()}\n{body}"

    def said(self) -> str:
        """How sure the reading is and why, in one line."""
        return f"{self.guess.certainty}: {self.guess.why}"


def new_card(path: Path, answers: Answers) -> NewCard:
    """Look at ``path`` and ask for what it leaves open. Raises ModelError, UsageError, CardError."""
    seen = look(path)
    size = _size(seen, answers)
    graph = load_graph(path, None, Pins({}, _shape(seen, size), seen.tensor))
    outputs = Outputs.of(seen, graph)
    guess = _told(recognise(outputs), outputs, answers)
    fields, input_why = guess_input(seen, guess.family, size)
    data = {
        "version": 1,
        "name": answers.one("name", "Name", str(seen.metadata.get("description") or seen.name)),
        "input": _input(seen, size, fields, answers),
        "output": _output(outputs, guess, fields, answers),
    }
    if labels := _labels(outputs, guess, answers):
        data["labels"] = list(labels)
    return NewCard(data, check_card(card_from_data(data), graph), graph, guess, input_why)


def _size(seen: ModelLook, answers: Answers) -> Size:
    """The file's own; where it is open, Ultralytics' ``imgsz``, or what is usual."""
    if seen.size is not None:
        told = answers.given.get("size")
        if told is not None and parse_picture_size(told) != seen.size:
            raise UsageError(f"the model takes {seen.size[0]}x{seen.size[1]} pixels, and no other size")
        return seen.size
    said = seen.metadata.get("imgsz")
    usual = (
        640 if any(len(value.type.tensor_type.shape.dim) == 3 for value in seen.model.graph.output) else 224
    )
    size = (
        (int(said[0]), int(said[1])) if isinstance(said, list | tuple) and len(said) == 2 else (usual, usual)
    )
    text = answers.one(
        "size", "Height and width of the input, which the file leaves open", f"{size[0]}x{size[1]}"
    )
    return parse_picture_size(text)


def _shape(seen: ModelLook, size: Size) -> tuple[int, ...]:
    return (1, seen.channels, *size) if seen.layout == "NCHW" else (1, *size, seen.channels)


def _told(guess: Guess, outputs: Outputs, answers: Answers) -> Guess:
    """Another kind of output, where one is told: its parameters are the card's defaults."""
    kind = answers.one(
        "kind", f"Kind of output ({guess.certainty}: {guess.why})", guess.output["kind"], parse_kind
    )
    if kind == guess.output["kind"]:
        return guess
    tensor = (
        {}
        if len(outputs.shapes) > 1 or kind in ("raw", "boxes-ssd", "faces-ultraface")
        else {"tensor": next(iter(outputs.shapes))}
    )
    return Guess(guess.family, {"kind": kind, **tensor}, "sure", "the kind was told")


def _input(seen: ModelLook, size: Size, fields: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    colour = answers.one("colour", "Order of the channels: RGB, BGR or Y", fields["colour"], parse_colour)
    resize = fields["resize"]
    told = answers.one("resize", "Resize: stretch, pad:114 or crop:256", resize_text(resize))
    picture = {
        "tensor": seen.tensor,
        "size": list(size),
        **({} if seen.layout == "NCHW" else {"layout": seen.layout}),
        "colour": colour,
        "resize": resize if told == resize_text(resize) else parse_resize(told),
    }
    for name, question in (
        ("scale", "Scale: value = (pixel * scale - mean) / std"),
        ("mean", "Mean, one number or one per channel"),
        ("std", "Std, one number or one per channel"),
    ):
        picture[name] = answers.one(name, question, fields[name], parse_numbers)
    return picture


def _output(outputs: Outputs, guess: Guess, fields: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    output = dict(guess.output)
    if output["kind"] == "image" and fields["scale"] == 1:
        output["white"] = 255
    for name in _PARAMETERS:
        if answers.given.get(name) is not None:
            output[name] = answers.given[name]
    if output["kind"].startswith("text-") and "alphabet" not in output:
        output["alphabet"] = _alphabet(guess, answers)
        output |= _axes(outputs.shapes[output["tensor"]], len(output["alphabet"]) + 1, output)
    return output


def _axes(shape: tuple[int, ...], symbols: int, output: Mapping[str, Any]) -> Mapping[str, Any]:
    """The alphabet says which axis of CTC's is that of symbols, where only one fits."""
    if output["kind"] != "text-ctc" or len(shape) < 2 or (shape[-1] == symbols) == (shape[-2] == symbols):
        return {}
    return {"axes": "time-classes" if shape[-1] == symbols else "classes-time"}


def _alphabet(guess: Guess, answers: Answers) -> str:
    symbols = f"{guess.classes - 1} characters" if guess.classes else "characters"
    question = (
        f"Alphabet: {symbols} in the order of the network's classes, without the blank, or a file of them"
    )
    if answers.given.get("alphabet") is None and answers.takes_guesses:
        raise UsageError(
            f"{guess.why}; which ones is not in the file: --alphabet with {symbols}, or --kind raw"
        )
    return str(answers.one("alphabet", question, "", parse_alphabet))


def _labels(outputs: Outputs, guess: Guess, answers: Answers) -> tuple[str, ...] | None:
    """Those of a file, else what the network's own file or its data set says; None are numbers."""
    known = labels_of(outputs, guess)
    if answers.given.get("labels") is not None:
        return read_labels(Path(answers.given["labels"]))
    if known is not None or guess.classes is None or not guess.output["kind"].startswith(_LABELLED):
        return known
    file = answers.one("labels", f"File of {guess.classes} labels, one a line; - for numbers", "-")
    return None if file == "-" else read_labels(Path(file))


_LABELLED: Final = ("classes", "boxes-", "segmentation")
