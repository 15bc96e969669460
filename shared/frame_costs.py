"""Cost of a frame beside the network: preprocessing, postprocessing, picture codecs."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evosplit.shared.card import Card
from evosplit.shared.graph import Graph
from evosplit.shared.input_picture import sized_pixels
from evosplit.shared.picture_codes import CODECS, encode_pixels
from evosplit.shared.postprocess import postprocess
from evosplit.shared.preprocess import preprocess
from evosplit.shared.profile import Profile

METHOD: Final = "rested frames of a camera"
"""How a frame's costs are measured; those that were kept and measured otherwise are measured again."""
CAMERA: Final = (480, 640)
"""Height and width of a frame where none is known ..."""
_THUMBNAIL: Final = 128
"""... but for networks that read pictures below this size, which are taken to get what they read."""
_ROUNDS: Final = 9
_REST_S: Final = 0.01
"""A frame finds the machine idle and its caches full of other things."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class FrameCosts:
    """Seconds: `evosplit.shared.profile.Profile` says of what."""

    frame_s: float
    prepare_s: float
    picture_s: Mapping[str, float] = field(default_factory=dict)


def measure_frame(
    graph: Graph, card: Card, pictures: Sequence[Pixels] = (), rounds: int = _ROUNDS
) -> FrameCosts:
    """Medians over ``pictures`` (H, W, 3) uint8 RGB in turn, or else over a made-up one of a camera's size.

    Outputs to be read are zeros: no boxes. Pictures are offered for networks with one input alone.
    """
    frames = tuple(pictures) or (typical_picture(card),)
    outputs = {name: np.zeros(graph.tensors[name].shape, graph.tensors[name].dtype) for name in graph.outputs}
    codecs = CODECS if graph.inputs == (card.input.tensor,) else ()
    steps: dict[str, Callable[[Pixels], object]] = {
        "frame": lambda pixels: postprocess(card, outputs, (pixels.shape[0], pixels.shape[1])),
        "prepare": lambda pixels: preprocess(card, pixels),
        **{codec: _encoder(card, codec) for codec in codecs},
    }
    medians_s = _medians_s(steps, frames, rounds)
    return FrameCosts(medians_s["frame"], medians_s["prepare"], {codec: medians_s[codec] for codec in codecs})


def with_frame(profile: Profile, costs: FrameCosts) -> Profile:
    """The profile with a frame's own seconds, played as slow as the device is."""
    slow = profile.slowdown
    return dataclasses.replace(
        profile,
        frame_s=slow * costs.frame_s,
        prepare_s=slow * costs.prepare_s,
        picture_s={codec: slow * seconds for codec, seconds in costs.picture_s.items()},
    )


def typical_picture(card: Card) -> Pixels:
    """Blurred shapes and a little noise, which codecs find about as hard as a photograph."""
    height, width = CAMERA
    if card.input.size is not None and max(card.input.size) < _THUMBNAIL:
        height, width = card.input.size
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (max(height // 16, 1), max(width // 16, 1), 3), np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    noisy = np.asarray(smooth, np.float32) + rng.normal(0, 4, (height, width, 3))
    return noisy.clip(0, 255).astype(np.uint8)


def _encoder(card: Card, codec: str) -> Callable[[Pixels], object]:
    return lambda pixels: encode_pixels(card, sized_pixels(card, pixels), codec)


def _medians_s(
    steps: Mapping[str, Callable[[Pixels], object]], frames: Sequence[Pixels], rounds: int
) -> dict[str, float]:
    """Steps take turns, each after a rest and one round that does not count."""
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(rounds + 1):
        for name, step in steps.items():
            time.sleep(_REST_S)
            start_s = time.perf_counter()
            step(frames[turn % len(frames)])
            spent[name].append(time.perf_counter() - start_s)
    return {name: statistics.median(seconds[1:]) for name, seconds in spent.items()}
