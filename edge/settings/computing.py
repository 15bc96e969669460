"""Settings of where and how much of a network is computed: providers, threads, change masks, regions."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, model_validator
from pydantic_settings import NoDecode

from evosplit.shared.config.fields import option as _option
from evosplit.shared.config.fields import parsed_by
from evosplit.shared.errors import UsageError
from evosplit.shared.providers import ProviderName
from evosplit.shared.units import parse_region

REGION_EXAMPLE: Final = "write it like 0.2,0.5,0.8,1"

Region: TypeAlias = Annotated[
    tuple[float, float, float, float], NoDecode, parsed_by(lambda text: parse_region(text, REGION_EXAMPLE))
]


class Computing(BaseModel):
    """The device that runs heads, and the parts of a frame that are computed.

    ``slowdown`` lets this machine play one that is so many times slower, by waiting, and with
    ``integer_slowdown`` one whose integer kernels are slower yet.

    ``change_threshold``, in units of the network's input, has heads compute only where a stream has changed,
    in blocks of ``change_block`` positions; what moves by less than the share ``change_tolerance`` of a
    layer's own goes no further, but at threshold 0 all does, and the result is exact. With ``follow_shift``
    that goes for cameras that move, too. ``region`` (left, top, right, bottom as shares of the network's
    input) computes only there. ``delta_threshold``, in code steps, is how far the tensors of a named stream
    may be off so that less is sent.
    """

    provider: ProviderName = _option(
        "cpu", "--provider", "Where ONNX Runtime computes; the processor does where that is not there."
    )
    threads: int = _option(1, "--threads", "Threads of ONNX Runtime.", ge=1)
    slowdown: float = _option(
        1.0, "--slowdown", "Play a device so many times slower than this machine.", ge=1
    )
    integer_slowdown: float = _option(
        1.0, "--integer-slowdown", "Play 8-bit integers that many times slower yet.", ge=1
    )
    change_threshold: float | None = _option(
        None,
        "--change-threshold",
        "Compute only where a stream changed by more than this, in units of the network's input.",
        ge=0,
    )
    change_tolerance: float = _option(
        0.02,
        "--change-tolerance",
        "Share of a layer's own values by which they may lag behind; none do at --change-threshold 0.",
        ge=0,
    )
    change_block: int = _option(
        8, "--change-block", "Side of the squares of positions that change together.", ge=1
    )
    follow_shift: bool = _option(
        False,
        "--follow-shift",
        "Let change masks follow a camera that moves: pictures are nudged to what heads keep.",
    )
    region: Region | None = _option(
        None,
        "--region",
        "Compute only there: shares of the network's input.",
        metavar="left,top,right,bottom",
    )
    delta_threshold: int = _option(
        0,
        "--delta-threshold",
        "Steps by which codes of a named stream may be off, so that less is sent.",
        ge=0,
    )

    @model_validator(mode="after")
    def _check_follow_shift(self) -> Computing:
        if self.follow_shift and self.change_threshold is None:
            raise UsageError("--follow-shift needs --change-threshold: without change masks nothing is kept")
        return self

    @model_validator(mode="after")
    def _check_region(self) -> Computing:
        if self.region is not None and not _is_region(*self.region):
            raise UsageError("a region is left,top,right,bottom from 0 to 1, left < right and top < bottom")
        return self


def _is_region(left: float, top: float, right: float, bottom: float) -> bool:
    return 0 <= left < right <= 1 and 0 <= top < bottom <= 1
