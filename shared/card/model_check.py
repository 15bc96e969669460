"""Validation of a model card against its model."""

from __future__ import annotations

import math

from evosplit.shared.card.outputs import (
    ClassesOutput,
    ImageOutput,
    RawOutput,
    TextCtcOutput,
    TextSlotsOutput,
    UltraFaceOutput,
    YoloxOutput,
)
from evosplit.shared.card.schema import CHANNELS, Card, PictureInput
from evosplit.shared.card.ultraface_anchors import anchor_count
from evosplit.shared.errors import CardError
from evosplit.shared.graph.graph import Graph


def check_card(card: Card, graph: Graph) -> Card:
    """The card completed with the tensor names and the picture size that the graph gives.

    ``preprocess`` needs the completed card, unless the card itself says ``tensor`` and ``size``.
    Raises CardError with the first misfit.
    """
    picture = _checked_input(card.input, graph)
    completed = card.model_copy(update={"input": picture, "output": _named_output(card, graph)})
    _check_output(completed, graph)
    return completed


def _checked_input(picture: PictureInput, graph: Graph) -> PictureInput:
    name = _pick("input", picture.tensor, graph.inputs)
    if len(graph.inputs) > 1:
        raise CardError(f"a card feeds one picture, the model has {len(graph.inputs)} inputs")
    shape = graph.tensors[name].shape
    if len(shape) != 4:
        raise CardError(f"input {name} has shape {list(shape)}, a picture needs four dimensions")
    channels, size = (shape[1], shape[2:]) if picture.layout == "NCHW" else (shape[3], shape[1:3])
    if channels != CHANNELS[picture.colour]:
        wanted = f"{picture.colour} has {CHANNELS[picture.colour]}"
        raise CardError(f"input {name} has {channels} channels ({picture.layout}), {wanted}")
    if picture.size not in (None, size):
        raise CardError(f"input {name} is {size[0]} x {size[1]}, the card says {picture.size}")
    return picture.model_copy(update={"tensor": name, "size": (size[0], size[1])})


def _named_output(card: Card, graph: Graph) -> object:
    output = card.output
    if isinstance(output, (RawOutput, UltraFaceOutput)):
        return output
    return output.model_copy(update={"tensor": _pick("output", output.tensor, graph.outputs)})


def _check_output(card: Card, graph: Graph) -> None:
    output = card.output
    if isinstance(output, UltraFaceOutput):
        _check_faces(card, output, graph)
    elif isinstance(output, ClassesOutput):
        _check_labels(card, math.prod(_shape(graph, output.tensor)))
    elif isinstance(output, (TextCtcOutput, TextSlotsOutput)):
        _check_text(output, graph)
    elif isinstance(output, YoloxOutput):
        _check_yolox(card, output, graph)
    elif isinstance(output, ImageOutput):
        shape = _shape(graph, output.tensor)
        _expect(len(shape) == 4 and shape[1] in (1, 3), graph, output.tensor, "(1, 1 or 3, height, width)")


def _check_text(output: TextCtcOutput | TextSlotsOutput, graph: Graph) -> None:
    shape = _shape(graph, output.tensor)
    _expect(len(shape) == 2 or (len(shape) == 3 and shape[0] == 1), graph, output.tensor, "two axes")
    classes = shape[-2] if isinstance(output, TextCtcOutput) and output.axes == "classes-time" else shape[-1]
    if len(output.alphabet) != classes - 1:
        raise CardError(
            f"output {output.tensor} has {classes} classes: an alphabet of {classes - 1} and a blank, "
            f"the card has {len(output.alphabet)}"
        )
    if output.blank_index >= classes:
        raise CardError(f"blank {output.blank_index} is not one of {classes} classes")
    if isinstance(output, TextSlotsOutput) and max(map(len, output.forms), default=0) > shape[-2]:
        raise CardError(f"output {output.tensor} has {shape[-2]} slots, the longest form has more")


def _check_faces(card: Card, output: UltraFaceOutput, graph: Graph) -> None:
    anchors = anchor_count(card.input.size or (0, 0)) if output.encoded else _shape(graph, output.scores)[1]
    for name, last in ((output.scores, 2), (output.boxes, 4)):
        _expect(_shape(graph, name) == (1, anchors, last), graph, name, f"(1, {anchors}, {last})")
    _check_labels(card, 1)


def _check_yolox(card: Card, output: YoloxOutput, graph: Graph) -> None:
    shape, size = _shape(graph, output.tensor), card.input.size or (0, 0)
    anchors = sum((size[0] // stride) * (size[1] // stride) for stride in output.strides)
    fits = len(shape) == 3 and shape[1] == anchors and shape[2] > 5
    _expect(fits, graph, output.tensor, f"(1, {anchors}, 5 + classes) for strides {list(output.strides)}")
    _check_labels(card, shape[2] - 5)


def _check_labels(card: Card, classes: int) -> None:
    if card.labels is not None and len(card.labels) != classes:
        raise CardError(f"{len(card.labels)} labels for {classes} classes")


def _expect(holds: bool, graph: Graph, name: str | None, wanted: str) -> None:
    if not holds:
        raise CardError(f"output {name} has shape {list(_shape(graph, name))}, the card needs {wanted}")


def _shape(graph: Graph, name: str | None) -> tuple[int, ...]:
    if name is None or name not in graph.outputs:
        raise CardError(f"the model has no output {name!r}, it has {', '.join(graph.outputs)}")
    if graph.tensors[name].dtype == "object":
        raise CardError(f"output {name!r} holds strings: only a card of kind raw reads them")
    return graph.tensors[name].shape


def _pick(what: str, name: str | None, names: tuple[str, ...]) -> str:
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        raise CardError(f"the model has {len(names)} {what}s ({', '.join(names)}): the card must name one")
    if name not in names:
        raise CardError(f"the model has no {what} {name!r}, it has {', '.join(names)}")
    return name
