"""Round trip of an input that is sent as a picture (`evosplit.shared.picture_codes`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from evosplit.planner.encodings.encoding_costs import to_pixels
from evosplit.shared.card import Card
from evosplit.shared.picture_codes import as_it_is, encode_pixels, sized_feeds

PictureWire: TypeAlias = Callable[[str, np.ndarray], np.ndarray]
"""An input tensor before and after its picture went over the wire in a codec."""


def picture_wire(card: Card) -> PictureWire:
    """The way through 8-bit pixels and their file, back to the input tensor."""
    sized = as_it_is(card)

    def through(codec: str, values: np.ndarray) -> np.ndarray:
        (made,) = sized_feeds(sized, encode_pixels(sized, to_pixels(sized, values), codec)).values()
        return made

    return through
