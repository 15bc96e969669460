"""Child processes that a test has started: others of the same worker, like a database, are left out."""

from __future__ import annotations

import psutil
from edge_support import until


def own_children() -> set[psutil.Process]:
    """The children that are there now."""
    return set(psutil.Process().children())


async def children_beside(others: set[psutil.Process]) -> set[psutil.Process]:
    """The children that are not among those, once there are some."""
    await until(lambda: own_children() - others)
    return own_children() - others
