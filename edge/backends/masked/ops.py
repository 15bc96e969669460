"""Intermediate representation of a masked network: operations on named tensors (height, width, channels)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from evosplit.kernels.masked.activation import NONE, Activation
from evosplit.kernels.masked.array_checks import Floats
from evosplit.kernels.masked.window import Pair, Window

Shape: TypeAlias = tuple[int, int, int]
Span: TypeAlias = tuple[int, int, int]
"""Start, stop and step of a slice, as ``range`` takes them, the step positive."""


@dataclass(frozen=True, eq=False)
class Conv:
    """``weights`` and ``bias`` as ONNX has them; ``residual`` is added before the activation, or after it."""

    out: str
    x: str
    weights: Floats = field(repr=False)
    bias: Floats | None = field(repr=False)
    window: Window
    groups: int
    activation: Activation = NONE
    residual: str | None = None
    residual_last: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """Input, then residual."""
        return (self.x,) if self.residual is None else (self.x, self.residual)


@dataclass(frozen=True)
class Pool:
    """Greatest value or mean of a window; a mean counts padding or not."""

    out: str
    x: str
    window: Window
    is_max: bool
    include_padding: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """The input."""
        return (self.x,)


@dataclass(frozen=True)
class Add:
    """``activation(a + b)``."""

    out: str
    a: str
    b: str
    activation: Activation = NONE

    @property
    def reads(self) -> tuple[str, ...]:
        """Both terms."""
        return (self.a, self.b)


@dataclass(frozen=True)
class Gate:
    """``x * gate``, which only lasts until it is recognised as a SiLU."""

    out: str
    a: str
    b: str

    @property
    def reads(self) -> tuple[str, ...]:
        """Both factors."""
        return (self.a, self.b)


@dataclass(frozen=True, eq=False)
class Scale:
    """``activation(x * scale + shift)``, channel by channel."""

    out: str
    x: str
    scale: Floats = field(repr=False)
    shift: Floats = field(repr=False)
    activation: Activation = NONE

    @property
    def reads(self) -> tuple[str, ...]:
        """The input."""
        return (self.x,)


@dataclass(frozen=True)
class Activate:
    """``activation(x)``."""

    out: str
    x: str
    activation: Activation

    @property
    def reads(self) -> tuple[str, ...]:
        """The input."""
        return (self.x,)


@dataclass(frozen=True)
class Upsample:
    """Nearest neighbour, by whole factors (rows, columns)."""

    out: str
    x: str
    factor: Pair

    @property
    def reads(self) -> tuple[str, ...]:
        """The input."""
        return (self.x,)


@dataclass(frozen=True)
class Slice:
    """Some rows, columns and channels; nothing is copied."""

    out: str
    x: str
    rows: Span
    columns: Span
    channels: Span

    @property
    def reads(self) -> tuple[str, ...]:
        """The input."""
        return (self.x,)


@dataclass(frozen=True)
class Concat:
    """Channels side by side."""

    out: str
    parts: tuple[str, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        """The parts."""
        return self.parts


@dataclass(frozen=True)
class Zeros:
    """A tensor that is zero everywhere, such as the channels that a Pad adds."""

    out: str

    @property
    def reads(self) -> tuple[str, ...]:
        """Nothing."""
        return ()


@dataclass(frozen=True)
class SpaceToDepth:
    """Squares of ``step`` x ``step`` positions of a model's input become one position each.

    ``sources``: each output channel's input channel, row and column within the square.
    """

    out: str
    x: str
    step: int
    sources: tuple[tuple[int, int, int], ...]

    @property
    def reads(self) -> tuple[str, ...]:
        """The input."""
        return (self.x,)


Op: TypeAlias = Conv | Pool | Add | Gate | Scale | Activate | Upsample | Slice | Concat | Zeros | SpaceToDepth


@dataclass(frozen=True)
class Network:
    """``ops`` in execution order; ``outputs`` maps what goes out to the tensor that holds it."""

    inputs: tuple[str, ...]
    outputs: Mapping[str, str]
    ops: tuple[Op, ...]
    shapes: Mapping[str, Shape]
