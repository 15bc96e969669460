"""A layered layout of a network (Sugiyama's method), wrapped into columns, and its words. Pure."""

from evosplit.cli.picture.order import ordered
from evosplit.cli.picture.place import Layout, Place, layout
from evosplit.cli.picture.rows import Node, Rows, rows_of
from evosplit.cli.picture.words import Words

__all__ = ["Layout", "Node", "Place", "Rows", "Words", "layout", "ordered", "rows_of"]
