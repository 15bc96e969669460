"""Picture codecs for inputs on the wire: raw 8 bit, PNG, JPEG. Bytes in, bytes out.

The sender brings the picture to the network's size, so that what would be cropped is not sent; the receiver
takes it as it is. Raw pixels are a PPM (PGM) file, whose header is about 15 bytes.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evosplit.shared.card import Card
from evosplit.shared.errors import InputError
from evosplit.shared.pictures import decode_picture
from evosplit.shared.preprocess import sized_input

QUALITIES: Final = (98, 95, 90, 80, 70, 50, 30)
"""Of JPEG, as plans offer them; above 90 without chroma subsampling."""
CODECS: Final = ("raw8", "png", *(f"jpeg-{quality}" for quality in QUALITIES))
_FULL_CHROMA: Final = 90
_JPEG: Final = "jpeg-"

Pixels = NDArray[np.uint8]


def is_picture(codec: str | None) -> bool:
    """Whether a wire code's codec stands for a picture instead of the tensor."""
    return codec is not None and (codec in CODECS or codec.startswith(_JPEG))


def encode_pixels(card: Card, pixels: Pixels, codec: str) -> bytes:
    """The file of a picture that has the network's size; a network that reads luma gets a grey one.

    Raises InputError for a codec that is none.
    """
    stream = io.BytesIO()
    image = Image.fromarray(pixels).convert("L" if card.input.colour == "Y" else "RGB")
    if codec == "raw8":
        image.save(stream, "PPM")
    elif codec == "png":
        image.save(stream, "PNG")
    else:
        quality = _quality(codec)
        image.save(stream, "JPEG", quality=quality, subsampling=0 if quality > _FULL_CHROMA else 2)
    return stream.getvalue()


def sized_feeds(card: Card, content: bytes) -> dict[str, NDArray[np.float32]]:
    """The network's input from such a file. Raises InputError for another size, and as `decode_picture`."""
    return sized_input(card, decode_picture(content))


def as_it_is(card: Card) -> Card:
    """The card for pictures that have the network's size already."""
    stretch = card.input.resize.model_copy(update={"kind": "stretch", "shorter_side": None})
    return card.model_copy(update={"input": card.input.model_copy(update={"resize": stretch})})


def _quality(codec: str) -> int:
    digits = codec.removeprefix(_JPEG)
    if codec == digits or not digits.isdigit() or not 1 <= int(digits) <= 100:
        raise InputError(f"{codec!r} is no way to send a picture")
    return int(digits)
