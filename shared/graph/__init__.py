"""ONNX files as graphs of layers, and their cuts."""

from evosplit.shared.graph.build import graph_from_model
from evosplit.shared.graph.cuts import make_cut, parse_cut, prefix_cut, prefix_cuts
from evosplit.shared.graph.load import load_graph
from evosplit.shared.graph.types import Cut, Graph, Layer, Tensor

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
