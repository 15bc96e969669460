"""Colour conversion of pixels of every mode to 8-bit RGB."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from evosplit.shared.errors import InputError

_TRANSPARENT: Final = ("RGBA", "RGBa", "LA", "La", "PA")
_HIGHEST: Final = 0xFFFF


def check_mode(image: Image.Image) -> None:
    """Raises InputError for pixels that are no colours between black and white (32-bit numbers in TIFF)."""
    if image.mode == "F" or (image.mode == "I" and image.format == "TIFF"):
        raise InputError("pixels of 32 bits are not read; 8 or 16 bits a channel are")


def as_rgb(image: Image.Image) -> Image.Image:
    """Grey is repeated, 16 bits become 8, transparency is laid over white, CMYK is converted."""
    if image.mode.startswith("I"):  # 16-bit grey; convert() would clip it instead of scaling
        grey = np.asarray(image).clip(0, _HIGHEST).astype(np.uint16) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB") if image.mode != "RGB" else image
