"""Baselines: published planners and plain strategies, each a pure function from a problem to a choice.

None of them is told how the planner decides; all are priced by `evosplit.planner.evaluate`.
"""

from evosplit.planner.baselines.auto_split import auto_split
from evosplit.planner.baselines.cloud16 import cloud16
from evosplit.planner.baselines.cloud_jpeg import cloud_jpeg
from evosplit.planner.baselines.edge import edge
from evosplit.planner.baselines.neurosurgeon import neurosurgeon
from evosplit.planner.baselines.qdmp import qdmp
from evosplit.planner.baselines.qdmp_quantised import qdmp_quantised, qdmp_retreating
from evosplit.planner.baselines.u8 import u8

__all__ = [
    "auto_split",
    "cloud16",
    "cloud_jpeg",
    "edge",
    "neurosurgeon",
    "qdmp",
    "qdmp_quantised",
    "qdmp_retreating",
    "u8",
]
