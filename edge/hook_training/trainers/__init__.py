"""Trainers of classifiers from samples; none of them goes back through the main network."""

from collections.abc import Mapping
from typing import Final

from evosplit.edge.hook_training.trainers.forward_forward import forward_forward
from evosplit.edge.hook_training.trainers.hidden import hidden
from evosplit.edge.hook_training.trainers.logistic import logistic
from evosplit.edge.hook_training.trainers.symba import symba
from evosplit.edge.hook_training.trainers.trainer import Trainer

__all__ = [
    "TRAINERS",
    "Trainer",
    "forward_forward",
    "hidden",
    "logistic",
    "symba",
]

TRAINERS: Final[Mapping[str, Trainer]] = {
    "logistic": logistic,
    "hidden": hidden,
    "symba": symba,
    "forward-forward": forward_forward,
}
"""All of them; of equals the first is preferred, which is also the cheapest to use."""
