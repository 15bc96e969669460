"""Model cards: what a network expects of a picture, and what its outputs mean."""

from evosplit.shared.card.box_outputs import (
    BoxRowsOutput,
    SsdOutput,
    UltraFaceOutput,
    Yolov5Output,
    Yolov8Output,
    YoloxOutput,
)
from evosplit.shared.card.card_files import card_from_data, card_to_data, load_card
from evosplit.shared.card.model_check import check_card
from evosplit.shared.card.outputs import (
    ClassesOutput,
    ImageOutput,
    Output,
    RawOutput,
    SegmentationOutput,
    TextCtcOutput,
    TextSlotsOutput,
)
from evosplit.shared.card.schema import Calibration, Card, PictureInput, Resize

__all__ = [
    "BoxRowsOutput",
    "Calibration",
    "Card",
    "ClassesOutput",
    "ImageOutput",
    "Output",
    "PictureInput",
    "RawOutput",
    "Resize",
    "SegmentationOutput",
    "SsdOutput",
    "TextCtcOutput",
    "TextSlotsOutput",
    "UltraFaceOutput",
    "Yolov5Output",
    "Yolov8Output",
    "YoloxOutput",
    "card_from_data",
    "card_to_data",
    "check_card",
    "load_card",
]
