"""Validation of a model card against its model."""

from __future__ import annotations

import math

from evosplit.shared.card.box_outputs import SsdOutput, UltraFaceOutput
from evosplit.shared.card.detector_check import check_detector
from evosplit.shared.card.output_shapes import check_labels, expect, output_shape
from evosplit.shared.card.outputs import (
    ClassesOutput,
    ImageOutput,
    RawOutput,
    SegmentationOutput,
    TextCtcOutput,
    TextSlotsOutput,
)
from evosplit.shared.card.schema import CHANNELS, Card, PictureInput
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
    if isinstance(output, (RawOutput, UltraFaceOutput, SsdOutput)):
        return output
    return output.model_copy(update={"tensor": _pick("output", output.tensor, graph.outputs)})


def _check_output(card: Card, graph: Graph) -> None:
    output = card.output
    if isinstance(output, ClassesOutput):
        check_labels(card, math.prod(output_shape(graph, output.tensor)))
    elif isinstance(output, (TextCtcOutput, TextSlotsOutput)):
        _check_text(output, graph)
    elif isinstance(output, ImageOutput):
        shape = output_shape(graph, output.tensor)
        expect(len(shape) == 4 and shape[1] in (1, 3), graph, output.tensor, "(1, 1 or 3, height, width)")
    elif isinstance(output, SegmentationOutput):
        _check_segmentation(card, output, graph)
    else:
        check_detector(card, graph)


def _check_segmentation(card: Card, output: SegmentationOutput, graph: Graph) -> None:
    shape = output_shape(graph, output.tensor)
    if output.scores == "numbers":
        single = len(shape) == 3 or (len(shape) == 4 and shape[1 if output.layout == "NCHW" else 3] == 1)
        expect(single, graph, output.tensor, "(1, height, width), a class number for each pixel")
        return
    expect(len(shape) == 4, graph, output.tensor, "scores of classes by height and width")
    check_labels(card, max(shape[1] if output.layout == "NCHW" else shape[3], 2))


def _check_text(output: TextCtcOutput | TextSlotsOutput, graph: Graph) -> None:
    shape = output_shape(graph, output.tensor)
    expect(len(shape) == 2 or (len(shape) == 3 and shape[0] == 1), graph, output.tensor, "two axes")
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


def _pick(what: str, name: str | None, names: tuple[str, ...]) -> str:
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        raise CardError(f"the model has {len(names)} {what}s ({', '.join(names)}): the card must name one")
    if name not in names:
        raise CardError(f"the model has no {what} {name!r}, it has {', '.join(names)}")
    return name
