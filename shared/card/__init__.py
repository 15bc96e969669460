"""Model cards: what a network expects of a picture, and what its outputs mean."""

from evosplit.shared.card.card_files import card_from_data, card_to_data, load_card
from evosplit.shared.card.model_check import check_card
from evosplit.shared.card.outputs import (
    ClassesOutput,
    ImageOutput,
    Output,
    RawOutput,
    TextCtcOutput,
    TextSlotsOutput,
    UltraFaceOutput,
    YoloxOutput,
)
from evosplit.shared.card.schema import Calibration, Card, PictureInput, Resize

__all__ = [
    "Calibration",
    "Card",
    "ClassesOutput",
    "ImageOutput",
    "Output",
    "PictureInput",
    "RawOutput",
    "Resize",
    "TextCtcOutput",
    "TextSlotsOutput",
    "UltraFaceOutput",
    "YoloxOutput",
    "card_from_data",
    "card_to_data",
    "check_card",
    "load_card",
]
