"""Union of the plan tables that several clouds made for one edge. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from evosplit.shared.errors import BundleError
from evosplit.shared.plan import Plan, PlanTable


def joined(tables: Mapping[str, PlanTable]) -> PlanTable:
    """All plans of tables of one network, each with the name of the cloud that it was made for.

    A table under the name "" is that of the only cloud, and stays as it is. What runs on the edge alone needs
    no cloud, and is there once. Raises BundleError for tables of different networks.
    """
    first = next(iter(tables.values()))
    if "" in tables:
        return first
    if any(table.model_sha256 != first.model_sha256 for table in tables.values()):
        raise BundleError(f"the clouds have different versions of {first.model}")
    plans: dict[str, Plan] = {}
    for cloud, table in tables.items():
        for plan in table.plans:
            own = dataclasses.replace(plan, cloud=cloud) if plan.boundary else plan
            plans.setdefault(own.digest if own.boundary else own.without_cost, own)
    fallback = next((table.fallback for table in tables.values() if table.fallback is not None), None)
    return dataclasses.replace(first, breakpoints_bps=(), plans=tuple(plans.values()), fallback=fallback)
