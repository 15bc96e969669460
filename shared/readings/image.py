"""Image outputs (super-resolution and the like)."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evosplit.shared.card.outputs import ImageOutput
from evosplit.shared.readings.reading import Reading


def read_image(output: ImageOutput, values: NDArray[np.float32]) -> Reading:
    """``{"width", "height", "mode": "L" or "RGB", "png_base64"}`` from ``(1 or 3, height, width)``."""
    pixels = np.clip(np.rint(values * (255 / output.white)), 0, 255).astype(np.uint8)
    image = Image.fromarray(
        pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0))
    )
    return Reading(
        {"width": image.width, "height": image.height, "mode": image.mode, "png_base64": _png(image)}, None
    )


def _png(image: Image.Image) -> str:
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=1)
    return base64.b64encode(stream.getvalue()).decode("ascii")
