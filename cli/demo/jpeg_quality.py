"""Search for the least JPEG quality that keeps the accuracy, which is all that sending a picture needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

import numpy as np

from evosplit.cli.demo.client import DemoFrame
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph
from evosplit.shared.input_picture import read_picture
from evosplit.shared.picture_codes import QUALITIES, encode_pixels, sized_feeds
from evosplit.shared.postprocess import postprocess
from evosplit.shared.session import Runner

POINT: Final = 0.01
"""What may be lost of the uncompressed pictures' accuracy, as a share of the frames."""
_EXACT: Final = "raw8"


def frugal_codec(frames: Sequence[DemoFrame], graph: Graph, card: Card) -> str:
    """The JPEG of the least quality that costs these frames at most a point of accuracy (`jpeg-50`).

    Accuracy is taken to rise with quality, so that few qualities are tried (bisection).
    """
    score = _scorer(frames, graph, card)
    codecs = [f"jpeg-{quality}" for quality in sorted(QUALITIES)]
    low, high = 0, len(codecs) - 1
    while low < high:
        middle = (low + high) // 2
        if score(codecs[middle]) >= score(_EXACT) - POINT:
            high = middle
        else:
            low = middle + 1
    return codecs[low]


def _scorer(frames: Sequence[DemoFrame], graph: Graph, card: Card) -> Callable[[str], float]:
    """The share of frames that the whole network in float32 reads right from a codec's file."""
    runner = Runner(graph.model)
    pictures = [read_picture(card, frame.picture) for frame in frames]

    @cache
    def score(codec: str) -> float:
        right = []
        for frame, picture in zip(frames, pictures, strict=True):
            outputs = runner.run(sized_feeds(card, encode_pixels(card, picture.pixels, codec)))
            right.append(frame.is_right(postprocess(card, outputs, picture.original).outcome))
        return float(np.mean(right))

    return score
