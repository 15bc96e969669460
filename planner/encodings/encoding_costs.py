"""Measurement of picture encodings: bytes, error at the outputs, seconds.

Calibration inputs are turned back into 8-bit pixels, encoded and decoded as the agent and the cloud do, and
brought through the network once more. The error is that of the limits: noise power over variance, mean of
the float outputs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.errors.output_error import noise_to_signal
from evosplit.kernels.errors.probe_budget import works
from evosplit.planner.encodings.input_encoding import InputEncoding
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph
from evosplit.shared.picture_codes import CODECS, as_it_is, encode_pixels, sized_feeds
from evosplit.shared.preprocess import preprocess
from evosplit.shared.session import Runner

METHOD: Final = "noise to signal of the outputs, sized pictures"
"""How encodings are measured; what was kept and measured otherwise is measured anew."""
MAX_INPUTS: Final = 8
LOSSLESS: Final = ("raw8", "png")
"""Codecs that give back the pixels that they were given."""
_MIN_INPUTS: Final = 2
_MAC_BUDGET: Final = 100e9
"""Multiply-accumulates over all codecs and inputs."""

A = TypeVar("A")
B = TypeVar("B")
Pixels = NDArray[np.uint8]
Feeds = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class PictureEncodings:
    """All encodings of one model's input, as measured on one machine."""

    encodings: tuple[InputEncoding, ...]


def measure_encodings(graph: Graph, card: Card, feeds: Sequence[Feeds], threads: int = 0) -> PictureEncodings:
    """Codecs of `evosplit.shared.picture_codes`, over at most `MAX_INPUTS` calibration inputs, fewer if dear.

    Nothing for models with more inputs than the card's picture. Seconds are this machine's: to encode
    pixels of the network's size, and from the file to the network's input.
    """
    name = card.input.tensor
    if name is None or graph.inputs != (name,):
        return PictureEncodings(())
    sized = as_it_is(card)
    pictures = [to_pixels(sized, feed[name]) for feed in feeds[: _inputs(graph)]]
    runner = Runner(graph.model, threads)
    right = [runner.run(preprocess(sized, picture)) for picture in pictures]

    def error(decoded: Sequence[Feeds]) -> float:
        return noise_to_signal(right, [runner.run(dict(feed)) for feed in decoded])

    return PictureEncodings(tuple(_measure(codec, sized, pictures, error) for codec in CODECS))


def data_free_encodings(graph: Graph, card: Card) -> PictureEncodings:
    """What is known without any calibration picture: raw pixels are exact, and always as many bytes.

    Nothing for models with more inputs than the card's picture.
    """
    if card.input.size is None or graph.inputs != (card.input.tensor,):
        return PictureEncodings(())
    pixels = [np.zeros((*card.input.size, 3), np.uint8)] * MAX_INPUTS
    return PictureEncodings((_measure("raw8", as_it_is(card), pixels, lambda _: 0.0),))


def _inputs(graph: Graph) -> int:
    """As many as the budget of arithmetic allows."""
    runs = len(CODECS) - len(LOSSLESS) + 1
    return max(_MIN_INPUTS, min(MAX_INPUTS, int(_MAC_BUDGET / (runs * max(sum(works(graph)), 1.0)))))


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


def _measure(
    codec: str, card: Card, pictures: Sequence[Pixels], error: Callable[[Sequence[Feeds]], float]
) -> InputEncoding:
    coded, encode_s = _timed(partial(encode_pixels, card, codec=codec), pictures)
    decoded, decode_s = _timed(partial(sized_feeds, card), coded)
    mean_bytes = statistics.fmean(map(len, coded))
    return InputEncoding(codec, mean_bytes, 0.0 if codec in LOSSLESS else error(decoded), encode_s, decode_s)


def _timed(step: Callable[[A], B], items: Sequence[A]) -> tuple[list[B], float]:
    """What the step makes of each item, and the median of its seconds."""
    made, seconds = [], []
    for item in items:
        start_s = time.perf_counter()
        made.append(step(item))
        seconds.append(time.perf_counter() - start_s)
    return made, statistics.median(seconds)
