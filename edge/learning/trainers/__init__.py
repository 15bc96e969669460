"""Ways to make a classifier from samples; none of them goes back through the main network."""

from collections.abc import Mapping
from typing import Final

from evosplit.edge.learning.trainers.forward_forward import forward_forward
from evosplit.edge.learning.trainers.hidden import hidden
from evosplit.edge.learning.trainers.load import load_classifier
from evosplit.edge.learning.trainers.logistic import logistic
from evosplit.edge.learning.trainers.symba import symba
from evosplit.edge.learning.trainers.types import Classifier, Trainer

__all__ = [
    "TRAINERS",
    "Classifier",
    "Trainer",
    "forward_forward",
    "hidden",
    "load_classifier",
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
