"""ONNX files as graphs of layers, and their cuts."""

from shared.graph.cuts import make_cut, parse_cut, prefix_cut, prefix_cuts
from shared.graph.types import Cut, Graph, Layer, Tensor

__all__ = ["Cut", "Graph", "Layer", "Tensor", "make_cut", "parse_cut", "prefix_cut", "prefix_cuts"]
