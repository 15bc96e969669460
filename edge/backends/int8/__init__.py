"""Integer execution backend: convolutions on 8-bit integers in ONNX Runtime (QDQ)."""

from evosplit.edge.backends.int8.integer_segment import int8_segment
from evosplit.edge.backends.int8.qdq_model import qdq_model
from evosplit.edge.backends.int8.timing import timed_integers

__all__ = ["int8_segment", "qdq_model", "timed_integers"]
