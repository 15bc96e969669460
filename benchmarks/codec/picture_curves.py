"""Rate-accuracy curves of JPEG and WebP: bytes and points of the network's input, sent as a picture."""

from __future__ import annotations

import io
import statistics
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image

from benchmarks.codec.codec_cases import CodecCase, Outputs
from evosplit.planner.encodings.encoding_costs import to_pixels
from evosplit.shared.picture_codes import as_it_is, sized_feeds
from evosplit.shared.session import Runner

PICTURES: Final = ("JPEG", "WEBP")
QUALITIES: Final = (95, 90, 85, 80, 70, 60, 50, 40, 30, 20)
_POINTS_LOST: Final = 10.0
"""Qualities below the one that loses so many are not followed."""


def picture_curve(case: CodecCase, right: Sequence[Outputs], threads: int) -> list[dict[str, Any]]:
    """Of each format from the best quality on; ``right`` are the float network's outputs."""
    return [row for kind in PICTURES for row in _of_format(case, kind, right, threads)]


def _of_format(
    case: CodecCase, kind: str, right: Sequence[Outputs], threads: int
) -> Iterator[dict[str, Any]]:
    sized, name = as_it_is(case.card), case.card.input.tensor or ""
    pixels = [to_pixels(sized, feeds[name]) for feeds in case.unseen.feeds]
    whole, float_points = Runner(case.graph.model, threads), case.points(right, right)
    for quality in QUALITIES:
        files = [_file(picture, kind, quality) for picture in pixels]
        points = case.points(right, [whole.run(dict(sized_feeds(sized, file))) for file in files])
        size = statistics.fmean(map(len, files))
        yield {"way": kind, "setting": quality, "bytes": size, "points": points, "inputs": len(files)}
        if points < float_points - _POINTS_LOST:
            break


def _file(pixels: np.ndarray, kind: str, quality: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind, quality=quality)
    return content.getvalue()
