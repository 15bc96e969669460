"""Sliding window of a convolution or pool: which input positions one output position reads."""

from __future__ import annotations

from dataclasses import dataclass

from evosplit.shared.errors import InputError

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """Kernel, stride and dilation as (rows, columns); pads as ONNX orders them: top, left, bottom, right."""

    kernel: Pair
    stride: Pair = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: Pair = (1, 1)

    def __post_init__(self) -> None:
        if min(*self.kernel, *self.stride, *self.dilation) < 1 or min(self.pads) < 0:
            raise InputError(f"not a window: {self}")

    @property
    def taps(self) -> int:
        """Positions of the kernel."""
        return self.kernel[0] * self.kernel[1]

    @property
    def is_point(self) -> bool:
        """Whether output position (y, x) reads input position (y, x) alone."""
        return self.taps == 1 and self.stride == (1, 1) and not any(self.pads)

    def out_size(self, size: Pair) -> Pair:
        """Output (height, width) for an input of ``size``. InputError where the window does not fit."""
        out_size = tuple(
            (size[i] + self.pads[i] + self.pads[i + 2] - self.dilation[i] * (self.kernel[i] - 1) - 1)
            // self.stride[i]
            + 1
            for i in range(2)
        )
        if min(out_size) < 1:
            raise InputError(f"a window of {self.kernel} does not fit an input of {size}")
        return out_size[0], out_size[1]
