"""ONNX files as graphs of layers, and their cuts."""

from evosplit.shared.graph.cut_boundaries import make_cut, parse_cut, prefix_cut, prefix_cuts
from evosplit.shared.graph.from_model import graph_from_model
from evosplit.shared.graph.graph import Cut, Graph, Layer, Tensor
from evosplit.shared.graph.load_model import load_graph

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
