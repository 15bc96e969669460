"""Heads whose convolutions run on 8-bit integers in ONNX Runtime."""

from evosplit.edge.int8.build import qdq_model
from evosplit.edge.int8.segment import Int8Segment
from evosplit.edge.int8.timing import timed_integers

__all__ = ["Int8Segment", "qdq_model", "timed_integers"]
