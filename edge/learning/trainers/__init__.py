"""Ways to make a classifier from samples; none of them goes back through the main network."""

from edge.learning.trainers.types import Classifier, Trainer

__all__ = ["Classifier", "Trainer"]
