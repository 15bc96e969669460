"""Plate recognition network in PyTorch (development only): narrow stem, residual trunk, attention per slot.

The stem ends in a squeeze to few channels at an eighth of the resolution: a tensor that is cheap to reach and
to send. While training, it is rounded to few levels, so that the trunk learns to live with 3 to 8 bits.
"""

from __future__ import annotations

import torch
from torch import nn

from evosplit.cli.gate.plates import CLASSES, SLOTS

BOUNDARY_CHANNELS = 12
_STEM = (16, 24, 48)
_WIDE, _WIDE_BLOCKS = 80, 5
_DEEP, _DEEP_BLOCKS = 96, 3
_LEVELS = (7.0, 15.0, 15.0, 255.0)
"""Largest code of 3, 4, 4 and 8 bits: what one sample's boundary is rounded to is drawn from these."""


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int | tuple[int, int] = 1) -> nn.Sequential:
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs))


def _conv_relu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(_conv(inputs, outputs, kernel, stride), nn.ReLU())


class Residual(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int | tuple[int, int] = 1) -> None:
        super().__init__()
        self.first = nn.Sequential(_conv(inputs, outputs, 3, stride), nn.ReLU())
        self.second = _conv(outputs, outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else _conv(inputs, outputs, 1, stride)
        self.relu = nn.ReLU()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map `(N, inputs, H, W)` to `(N, outputs, H', W')`."""
        return self.relu(self.second(self.first(features)) + self.shortcut(features))


def _stem() -> nn.Sequential:
    first, second, third = _STEM
    strided = (_conv_relu(3, first, stride=2), _conv_relu(first, second, stride=2))
    return nn.Sequential(
        *strided, _conv_relu(second, third, stride=2), _conv_relu(third, BOUNDARY_CHANNELS, 1)
    )


def _trunk() -> nn.Sequential:
    """Rows are halved on the way, columns are not: symbols stand side by side."""
    wide = [Residual(_WIDE, _WIDE) for _ in range(_WIDE_BLOCKS)]
    deep = [Residual(_DEEP, _DEEP) for _ in range(_DEEP_BLOCKS - 1)]
    return nn.Sequential(_conv_relu(BOUNDARY_CHANNELS, _WIDE), *wide, Residual(_WIDE, _DEEP, (2, 1)), *deep)


class GateNet(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """`(N, 3, 160, 320) float32` RGB in [0, 1] to `(N, SLOTS, CLASSES) float32` logits."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _stem()
        self.trunk = _trunk()
        self.attention = nn.Conv2d(_DEEP, SLOTS, 1)
        self.symbols = nn.Linear(_DEEP, CLASSES)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Look at the place of each slot's symbol, then name it."""
        boundary = self.stem(image)
        features = self.trunk(_rounded(boundary) if self.training else boundary)
        # Whole numbers, so that the exported graph has constant shapes but for the batch.
        channels, cells = int(features.shape[1]), int(features.shape[2]) * int(features.shape[3])
        looks = self.attention(features).reshape(-1, SLOTS, cells).softmax(dim=2)
        return self.symbols(looks @ features.reshape(-1, channels, cells).transpose(1, 2))


def _rounded(boundary: torch.Tensor) -> torch.Tensor:
    """Round every sample to levels between 0 and its largest value; gradients pass as if nothing happened."""
    exact = boundary.float()
    levels = torch.tensor(_LEVELS)[torch.randint(len(_LEVELS), (len(exact),))].reshape(-1, 1, 1, 1)
    step = exact.detach().amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-6) / levels
    return exact + ((exact / step).round() * step - exact).detach()
