"""Trainer protocol: features and labels in, a classifier out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hooks.classifiers.classifier import Classifier

Trainer: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.int64], int, int], Classifier]
"""From features `(n, d) float32`, labels `(n,) int64`, the number of classes and a seed.

Deterministic by the seed. Raises LearningError where the samples cannot be learned from.
"""
