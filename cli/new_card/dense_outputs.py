"""Recognition of outputs that are classes, pictures, a class per pixel, or symbols over time."""

from __future__ import annotations

import math

from evosplit.cli.new_card.guess import Guess, Outputs
from evosplit.cli.new_card.known_labels import CIFAR10, LPRNET_ALPHABET

_NORMALISED = ("Softmax", "Sigmoid")


def guess_dense(outputs: Outputs) -> Guess | None:
    """The first output, read by its shape alone. None for anything else."""
    name, shape = next(iter(outputs.shapes.items()))
    longest = max(shape, default=1)
    if outputs.dtypes[name].startswith("float") and longest > 1 and math.prod(shape) == longest:
        return _classes(outputs, name, longest)
    if len(shape) in (3, 4) and _covers(outputs, shape):
        return _picture(outputs, name, shape)
    if len(shape) == 2 or (len(shape) == 3 and shape[0] == 1):
        return _text(outputs, name, shape)
    return None


def _classes(outputs: Outputs, name: str, count: int) -> Guess:
    ops = outputs.seen.ops_before(name)[:3]
    normalised = next((op for op in ops if op in _NORMALISED), None)
    scores = "probabilities" if normalised else "logits"
    size = outputs.size
    known = {1000: "imagenet", 1001: "imagenet"}.get(count) if min(size) > 100 else None
    known = "cifar" if count in (10, 100) and size == (32, 32) else known
    ending = f"ends in {normalised}" if normalised else "does not end in Softmax"
    why = f"classifier: {count} scores, and the graph {ending}"
    labels = CIFAR10 if known == "cifar" and count == 10 else None
    output = {"kind": "classes", "tensor": name, "scores": scores}
    return Guess(known or "classifier", output, "sure" if known else "likely", why, count, labels)


def _covers(outputs: Outputs, shape: tuple[int, ...]) -> bool:
    """Whether two axes have the input's aspect, at an eighth of its size or more."""
    height, width = _sides(outputs, shape)
    down, across = height / outputs.size[0], width / outputs.size[1]
    return min(down, across) >= 1 / 8 and abs(down - across) <= 0.05 * max(down, across)


def _sides(outputs: Outputs, shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) == 3 or outputs.seen.layout == "NCHW" or shape[1] < min(shape[2:]):
        return shape[-2], shape[-1]
    return shape[1], shape[2]


def _picture(outputs: Outputs, name: str, shape: tuple[int, ...]) -> Guess:
    sides = _sides(outputs, shape)
    last = len(shape) == 4 and sides == shape[1:3] and sides != shape[2:]
    channels = 1 if len(shape) == 3 else shape[3] if last else shape[1]
    place = (
        f"{name} has {channels} x {sides[0]} x {sides[1]} numbers for {outputs.size[0]} x {outputs.size[1]}"
    )
    if not outputs.dtypes[name].startswith("float"):
        output = {"kind": "segmentation", "tensor": name, "scores": "numbers"}
        return Guess("segmentation", output, "likely", f"segmentation: {place} pixels, whole ones")
    if len(shape) == 4 and channels in (1, 3) and not last and sides[0] >= outputs.size[0]:
        larger = sides[0] > outputs.size[0]
        if larger or channels == outputs.seen.channels:
            output = {"kind": "image", "tensor": name}
            what = "super resolution" if larger else "picture to picture"
            return Guess("image", output, "sure" if larger else "a guess", f"{what}: {place} pixels")
    return _segmentation(outputs, name, channels, last, place)


def _segmentation(outputs: Outputs, name: str, channels: int, last: bool, place: str) -> Guess:
    normalised = any(op in _NORMALISED for op in outputs.seen.ops_before(name)[:3])
    output = {
        "kind": "segmentation",
        "tensor": name,
        **({"layout": "NHWC"} if last else {}),
        "scores": "probabilities" if normalised else "logits",
    }
    why = f"segmentation: {place} pixels"
    return Guess("segmentation", output, "likely", why, max(channels, 2))


def _text(outputs: Outputs, name: str, shape: tuple[int, ...]) -> Guess | None:
    """A strip of a picture, and a matrix of symbols by time."""
    if outputs.size[1] < 2 * outputs.size[0]:
        return None
    rows, columns = shape[-2:]
    output = {"kind": "text-ctc", "tensor": name}
    if (rows, columns) == (len(LPRNET_ALPHABET) + 1, 18):
        fields = {**output, "axes": "classes-time", "alphabet": LPRNET_ALPHABET}
        return Guess("lprnet", fields, "sure", f"LPRNet: {name} has {rows} symbols at {columns} times")
    turned = rows > columns
    symbols = max(rows, columns)
    axes = {"axes": "classes-time"} if turned else {}
    why = f"text by CTC: {name} has {symbols} symbols at {min(rows, columns)} times, or the other way round"
    return Guess("text", output | axes, "a guess", why, symbols)
