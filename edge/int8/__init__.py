"""Heads whose convolutions run on 8-bit integers in ONNX Runtime."""

from edge.int8.build import qdq_model
from edge.int8.segment import Int8Segment

__all__ = ["Int8Segment", "qdq_model"]
