"""A layered layout of a network (Sugiyama's method), wrapped into columns, and its words. Pure."""

from cli.picture.order import ordered
from cli.picture.place import Layout, Place, layout
from cli.picture.rows import Node, Rows, rows_of
from cli.picture.words import Words

__all__ = ["Layout", "Node", "Place", "Rows", "Words", "layout", "ordered", "rows_of"]
