"""Layered graph drawing (Sugiyama's method), wrapped into columns. Pure."""

from evosplit.library.plots.picture.order import ordered
from evosplit.library.plots.picture.place import Layout, Place, layout
from evosplit.library.plots.picture.rows import Node, Rows, rows_of
from evosplit.library.plots.picture.words import Words

__all__ = ["Layout", "Node", "Place", "Rows", "Words", "layout", "ordered", "rows_of"]
