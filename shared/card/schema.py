"""Schema of a model card, version 1 (pydantic)."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from evosplit.shared.card.outputs import Output, RawOutput
from evosplit.shared.card.part import Part

CHANNELS = {"RGB": 3, "BGR": 3, "Y": 1}
"""How many channels each colour order has."""


def _fraction(value: object) -> object:
    """``1/255`` as people write it."""
    if not isinstance(value, str):
        return value
    try:
        return float(Fraction(value))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ValueError(f"not a number or a fraction: {value!r}") from None


def _per_channel(value: object) -> object:
    return value if isinstance(value, (list, tuple)) else [value]


Number = Annotated[float, BeforeValidator(_fraction)]
PerChannel = Annotated[tuple[Number, ...], BeforeValidator(_per_channel), Field(min_length=1, max_length=3)]
Side = Annotated[int, Field(ge=1, le=16384)]


class Resize(Part):
    """How a picture of any size comes to the network's size.

    ``stretch`` ignores the aspect ratio; ``crop`` brings the shorter side to ``shorter_side`` pixels and cuts
    the centre out; ``pad`` fits the picture into the top left corner and fills the rest with ``fill``.
    Shrinking averages over all pixels covered (Pillow's antialiasing), whatever the filter.
    """

    kind: Literal["stretch", "crop", "pad"]
    shorter_side: Side | None = None
    fill: int = Field(default=0, ge=0, le=255)
    filter: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bilinear"

    @model_validator(mode="after")
    def _has_side(self) -> Resize:
        if (self.kind == "crop") != (self.shorter_side is not None):
            raise ValueError("shorter_side goes with kind crop, and only with it")
        return self


class PictureInput(Part):
    """The one picture that the network reads: ``value = (pixel * scale - mean) / std``, pixels 0 to 255.

    ``mean`` and ``std`` are one number or one per channel, in the order of ``colour``. ``tensor`` and
    ``size`` (height, width) may be left out: ``check_card`` takes them from the graph.
    """

    tensor: str | None = None
    size: tuple[Side, Side] | None = None
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    colour: Literal["RGB", "BGR", "Y"]
    resize: Resize
    scale: Number = 1.0
    mean: PerChannel = (0.0,)
    std: PerChannel = (1.0,)

    @model_validator(mode="after")
    def _fits_channels(self) -> PictureInput:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, CHANNELS[self.colour]):
                raise ValueError(
                    f"{name} has {len(values)} numbers, {self.colour} has {CHANNELS[self.colour]} channels"
                )
        if 0 in self.std:
            raise ValueError("std must not be zero")
        return self

    @property
    def largest_change(self) -> float:
        """By how much a value can differ between two pictures at the most."""
        return 255 * abs(self.scale) / min(abs(std) for std in self.std)


class Calibration(Part):
    """How many of the calibration pictures the planner should use."""

    samples: int = Field(default=32, ge=1, le=100_000)


class Card(Part):
    """What surrounds a network: which picture it wants and what its outputs mean.

    ``labels`` are the names of the classes in order (or, in a file, the name of a text file beside the card
    with one label per line); without them classes are given by number.
    """

    version: Literal[1]
    name: str = Field(min_length=1, max_length=200)
    input: PictureInput
    output: Output = RawOutput(kind="raw")
    labels: tuple[str, ...] | None = None
    calibration: Calibration = Calibration()
