"""ONNX files as graphs of layers, and their cuts."""

from shared.graph.build import graph_from_model
from shared.graph.cuts import make_cut, parse_cut, prefix_cut, prefix_cuts
from shared.graph.load import load_graph
from shared.graph.types import Cut, Graph, Layer, Tensor

__all__ = [
    "Cut",
    "Graph",
    "Layer",
    "Tensor",
    "graph_from_model",
    "load_graph",
    "make_cut",
    "parse_cut",
    "prefix_cut",
    "prefix_cuts",
]
