"""Data augmentation (weak and strong) of pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

_REACH = 4
_GRID = np.mgrid[0:32, 0:32].astype(np.float32) - 15.5


def weak(pictures: Pixels, seed: int) -> Iterator[Pixels]:
    """Each picture `(32, 32, 3)` moved by up to four pixels, every other one mirrored."""
    random = np.random.default_rng(seed)
    for picture in pictures:
        yield _moved(picture, random)


def strong(pictures: Pixels, seed: int) -> Iterator[Pixels]:
    """As `weak`, then turned, stretched, lit differently and noisy: the network itself becomes unsure."""
    random = np.random.default_rng(seed)
    for picture in pictures:
        turned = _turned(_moved(picture, random).astype(np.float32), random)
        lit = (turned - 128) * random.uniform(0.7, 1.3) + 128 + random.uniform(-25, 25)
        lit = lit * random.uniform(0.9, 1.1, 3)
        if random.random() < 0.3:
            lit = lit + random.normal(0, random.uniform(0, 8), lit.shape)
        yield np.clip(np.rint(lit), 0, 255).astype(np.uint8)


def _moved(picture: Pixels, random: np.random.Generator) -> Pixels:
    padded = np.pad(picture, ((_REACH, _REACH), (_REACH, _REACH), (0, 0)), mode="reflect")
    top, left = random.integers(0, 2 * _REACH + 1, 2)
    part = padded[top : top + 32, left : left + 32]
    return part[:, ::-1] if random.random() < 0.5 else part


def _turned(picture: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Turned by up to 15 degrees, stretched by up to a quarter, moved; bilinear."""
    angle = np.deg2rad(random.uniform(-15, 15))
    tall, wide = random.uniform(0.8, 1.25, 2)
    down, right = random.uniform(-3, 3, 2)
    y, x = _GRID
    across = np.clip((np.cos(angle) * x - np.sin(angle) * y) * wide + right + 15.5, 0, 30.999)
    along = np.clip((np.sin(angle) * x + np.cos(angle) * y) * tall + down + 15.5, 0, 30.999)
    top, left = along.astype(int), across.astype(int)
    low, near = (along - top)[..., None], (across - left)[..., None]
    upper = picture[top, left] * (1 - near) + picture[top, left + 1] * near
    lower = picture[top + 1, left] * (1 - near) + picture[top + 1, left + 1] * near
    return np.asarray(upper * (1 - low) + lower * low, np.float32)
