"""Other plan tables and bundles for the network of a `Stage`, and offers of them by its cloud."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from edge_support import Stage
from net_bundle import make_table, net_card, write_net_bundle

from evosplit.edge.plan_choice.serving import EdgeModel
from evosplit.shared.bundle import Bundle
from evosplit.shared.plan import PlanTable


def other_table(on: Stage, error: float = 0.5, bits: int = 8, raw: bool = True) -> PlanTable:
    """The same cuts with other digests; with other ``bits`` than 8 there are no weights for them.

    Without ``raw``, no plan sends the input.
    """
    table = make_table(on.cloud.graph)
    plans = tuple(
        dataclasses.replace(plan, error=error, weight_bits=dict.fromkeys(plan.weight_bits, bits))
        for plan in table.plans
    )
    if not raw:
        return dataclasses.replace(table, plans=plans[:2], breakpoints_bps=(1e6,), fallback=plans[0])
    return dataclasses.replace(table, plans=plans, fallback=plans[0])


def other_bundle(on: Stage, path: Path, error: float = 0.5, bits: int = 8, raw: bool = True) -> Bundle:
    card = net_card(on.cloud.graph)
    digest = write_net_bundle(on.cloud.graph, path, other_table(on, error, bits, raw), card, "live")
    return Bundle.open(path, digest)


def model_of(on: Stage, bundle: Bundle) -> EdgeModel:
    before = on.agent.plans.model
    return EdgeModel(before.graph, before.card, bundle.manifest.table)


def offered(on: Stage, tmp_path: Path, error: float = 0.5, **more: Any) -> str:
    """The next plans; the digest of their bundle."""
    path = tmp_path / f"next-{error}.evb"
    bundle = other_bundle(on, path, error, **more)
    on.cloud.next_bundles.append((path, bundle.digest))
    return bundle.digest
