"""JPEG as a way to send the input: its bytes, its error at the network's outputs, and its seconds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from benchmarks.cells.inputs import Network
from edge.payloads import JPEG_QUALITY, jpeg_picture
from planner.encodings import InputEncoding
from planner.output_measures import noise_to_signal
from shared.pictures import decode_picture
from shared.preprocess import preprocess
from shared.profiler import quiet_median
from shared.session import Runner

T = TypeVar("T")

REPEATS: Final = 3


def jpeg_encoding(network: Network, slowdown: float) -> InputEncoding:
    """What the edge's own JPEG costs, on the calibration pictures.

    A JPEG is made from the picture itself, so that the edge need not prepare the network's input: that is
    taken off its seconds, down to zero, because `Profile.frame_s` counts it for every plan.
    """
    card, pictures = network.card, network.pictures
    sent = [jpeg_picture(card, pixels) for pixels in pictures]
    whole = Runner(network.graph.model)
    right = [whole.run(dict(preprocess(card, pixels))) for pixels in pictures]
    found = [whole.run(dict(preprocess(card, decode_picture(content)))) for content in sent]
    encode_s = _seconds(pictures, lambda pixels: jpeg_picture(card, pixels))
    prepare_s = _seconds(pictures, lambda pixels: preprocess(card, pixels))
    decode_s = _seconds(sent, lambda content: preprocess(card, decode_picture(content)))
    return InputEncoding(
        name=f"jpeg-{JPEG_QUALITY}",
        wire_bytes=statistics.fmean(map(len, sent)),
        error=noise_to_signal(right, found),
        encode_s=max(encode_s - prepare_s, 0.0) * slowdown,
        decode_s=decode_s,
    )


def _seconds(items: Sequence[T], step: Callable[[T], object]) -> float:
    seconds = []
    for item in REPEATS * [*items]:
        start_s = time.perf_counter()
        step(item)
        seconds.append(time.perf_counter() - start_s)
    return quiet_median(seconds)
