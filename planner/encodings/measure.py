"""Measures what it costs to send a model's input as a picture: bytes, error at the outputs, seconds.

Calibration inputs are turned back into 8-bit pixels, encoded and decoded with Pillow, and brought through
the network once more. The error is that of the limits: noise power over variance, mean of the float outputs.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from planner.encodings import InputEncoding
from planner.errors.outputs import noise_to_signal
from shared.card import Card
from shared.graph import Graph
from shared.preprocess import preprocess
from shared.session import Runner

QUALITIES: Final = (98, 95, 90, 80, 70, 50, 30)
"""Of JPEG; above 90 without chroma subsampling."""
_FULL_CHROMA: Final = 90
MAX_INPUTS: Final = 8

Pixels = NDArray[np.uint8]
Feeds = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class PictureEncodings:
    """All encodings of one model's input, as measured on one machine."""

    encodings: tuple[InputEncoding, ...]


def measure_encodings(graph: Graph, card: Card, feeds: Sequence[Feeds], threads: int = 0) -> PictureEncodings:
    """``raw8``, ``png`` and JPEG at `QUALITIES`, over at most `MAX_INPUTS` calibration inputs.

    Nothing for models with more inputs than the card's picture. Seconds are this machine's.
    """
    name = card.input.tensor
    if name is None or graph.inputs != (name,):
        return PictureEncodings(())
    sized = _as_it_is(card)
    pictures = [to_pixels(sized, one[name]) for one in feeds[:MAX_INPUTS]]
    runner = Runner(graph.model, threads)
    wanted = [runner.run(preprocess(sized, picture)) for picture in pictures]

    def error(decoded: Sequence[Pixels]) -> float:
        return noise_to_signal(wanted, [runner.run(preprocess(sized, one)) for one in decoded])

    raw = InputEncoding("raw8", float(graph.tensors[name].elements), 0.0)
    coders = {"png": _png} | {f"jpeg-{quality}": _jpeg(quality) for quality in QUALITIES}
    coded = (_measure(what, encode, pictures, card, error) for what, encode in coders.items())
    return PictureEncodings((raw, *coded))


def to_pixels(card: Card, values: NDArray[np.float32]) -> Pixels:
    """The picture (H, W, 3) uint8 RGB behind an input ``(1, ...)``: preprocessing backwards, rounded."""
    height, width = card.input.size or (0, 0)
    black, white = (
        preprocess(card, np.full((height, width, 3), level, np.uint8))[card.input.tensor or ""]
        for level in (0, 255)
    )
    pixels = np.rint((values - black) / (white - black) * 255).clip(0, 255).astype(np.uint8)[0]
    pixels = pixels if card.input.layout == "NHWC" else pixels.transpose(1, 2, 0)
    if card.input.colour == "BGR":
        pixels = pixels[:, :, ::-1]
    return np.ascontiguousarray(np.broadcast_to(pixels, (height, width, 3)))


def _as_it_is(card: Card) -> Card:
    """The card for pictures that have the network's size already."""
    stretch = card.input.resize.model_copy(update={"kind": "stretch", "shorter_side": None})
    return card.model_copy(update={"input": card.input.model_copy(update={"resize": stretch})})


def _measure(
    name: str,
    encode: Callable[[Image.Image], bytes],
    pictures: Sequence[Pixels],
    card: Card,
    error: Callable[[Sequence[Pixels]], float],
) -> InputEncoding:
    mode = "L" if card.input.colour == "Y" else "RGB"
    sources = [Image.fromarray(picture).convert(mode) for picture in pictures]
    coded, encode_s = _timed(encode, sources)
    decoded, decode_s = _timed(_decode, coded)
    mean_bytes = sum(len(one) for one in coded) / len(coded)
    return InputEncoding(name, mean_bytes, 0.0 if name == "png" else error(decoded), encode_s, decode_s)


def _timed(step: Callable[[Any], Any], items: Sequence[Any]) -> tuple[list[Any], float]:
    """What the step makes of each item, and the median of its seconds."""
    made, seconds = [], []
    for item in items:
        start_s = time.perf_counter()
        made.append(step(item))
        seconds.append(time.perf_counter() - start_s)
    return made, statistics.median(seconds)


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def _jpeg(quality: int) -> Callable[[Image.Image], bytes]:
    def encode(picture: Image.Image) -> bytes:
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=quality, subsampling=0 if quality > _FULL_CHROMA else 2)
        return stream.getvalue()

    return encode


def _decode(content: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), np.uint8)
