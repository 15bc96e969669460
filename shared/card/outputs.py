"""Output kinds of a model card, each with its parameters."""

from __future__ import annotations

import functools
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evosplit.shared.card.box_outputs import (
    BoxRowsOutput,
    SsdOutput,
    UltraFaceOutput,
    Yolov5Output,
    Yolov8Output,
    YoloxOutput,
)
from evosplit.shared.card.part import OneTensor, Part


class ClassesOutput(OneTensor):
    """One score per class, in any shape; the ``top`` best are reported."""

    kind: Literal["classes"]
    scores: Literal["logits", "probabilities"] = "logits"
    top: int = Field(default=5, ge=1, le=1000)


class _Text(OneTensor):
    """``alphabet`` holds one character per class, in order, without the blank.

    ``blank`` is the class that stands for no symbol, by default the last.
    """

    alphabet: str = Field(min_length=1, max_length=100_000)
    blank: int | None = Field(default=None, ge=0)

    @property
    def blank_index(self) -> int:
        """The class that stands for no symbol."""
        return len(self.alphabet) if self.blank is None else self.blank

    @property
    def symbols(self) -> tuple[str, ...]:
        """One symbol per class; the blank's is empty."""
        return _symbols(self.alphabet, self.blank_index)


@functools.lru_cache(maxsize=8)
def _symbols(alphabet: str, blank: int) -> tuple[str, ...]:
    return (*alphabet[:blank], "", *alphabet[blank:])


class TextCtcOutput(_Text):
    """Scores of symbols over time, read by best-path CTC: repeats collapse, then blanks go."""

    kind: Literal["text-ctc"]
    axes: Literal["time-classes", "classes-time"] = "time-classes"


class TextSlotsOutput(_Text):
    """Logits ``(1, slots, classes)``: one symbol or the blank per slot.

    With ``forms`` the likeliest text of one of those forms is read: each letter of a form names one of
    ``kinds``, the symbols that may stand there, and the slots after it are blank. ``""`` is the empty text.
    """

    kind: Literal["text-slots"]
    forms: tuple[str, ...] = Field(default=(), max_length=1000)
    kinds: dict[str, str] = Field(default={}, max_length=1000)

    @model_validator(mode="after")
    def _forms_are_spelled(self) -> TextSlotsOutput:
        if unknown := set("".join(self.forms)) - self.kinds.keys():
            raise ValueError(f"forms use kinds that are not given: {', '.join(sorted(unknown))}")
        if strange := set("".join(self.kinds.values())) - set(self.alphabet):
            raise ValueError(f"kinds hold symbols that are not in the alphabet: {', '.join(sorted(strange))}")
        if not all(self.kinds.values()):
            raise ValueError("every kind needs at least one symbol")
        return self


class ImageOutput(OneTensor):
    """A picture ``(1, 1 or 3, height, width)``; ``white`` is the value of full brightness."""

    kind: Literal["image"]
    white: float = Field(default=1.0, gt=0)


class SegmentationOutput(OneTensor):
    """A class per pixel: scores ``(1, classes, height, width)``, or ``numbers``, with or without that axis.

    One class of scores is a foreground (class 1) before a background (class 0). ``mask`` is the longer side,
    in cells, of the mask that a result holds.
    """

    kind: Literal["segmentation"]
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    scores: Literal["logits", "probabilities", "numbers"] = "logits"
    mask: int = Field(default=64, ge=1, le=256)


class RawOutput(Part):
    """No reading: shapes and ranges, and the values of small tensors."""

    kind: Literal["raw"]


Output = Annotated[
    ClassesOutput
    | TextCtcOutput
    | TextSlotsOutput
    | YoloxOutput
    | Yolov5Output
    | Yolov8Output
    | BoxRowsOutput
    | SsdOutput
    | UltraFaceOutput
    | SegmentationOutput
    | ImageOutput
    | RawOutput,
    Field(discriminator="kind"),
]
