"""Composition of the heads of a bundle, and of how their segments run."""

from __future__ import annotations

from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.head.assemble import HeadOptions
from evosplit.edge.head.bundle_set import BundleSet
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.plan_choice.serving import EdgeModel, Serving
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.card import Card, card_from_data, check_card
from evosplit.shared.graph import Graph
from evosplit.shared.memory_arena import open_in_arena
from evosplit.shared.providers import Providers


def first_serving(settings: EdgeSettings, bundles: BundleSet) -> Serving:
    """The bundle's table and model; no head is built yet. Raises BundleError, ModelError, CardError."""
    options = _head_options(settings)
    heads = Heads(bundles, options)
    card = _card(bundles, heads.graph)
    if card is not None and options.change is not None:
        options.change.check_reach(card.input.largest_change)
    return Serving(EdgeModel(heads.graph, card, bundles.manifest.table), heads)


def is_masked(settings: EdgeSettings) -> bool:
    """Whether layers may be computed in part, by masks of any kind."""
    learns_masks = settings.hooks and "saliency" in settings.hook_kinds
    return learns_masks or settings.change_threshold is not None or settings.region is not None


def _card(bundles: BundleSet, graph: Graph) -> Card | None:
    data = bundles.manifest.card
    return None if data is None else check_card(card_from_data(dict(data)), graph)


def _head_options(settings: EdgeSettings) -> HeadOptions:
    change = None
    if settings.change_threshold is not None:
        exact = settings.change_threshold == 0
        tolerance = 0.0 if exact else settings.change_tolerance
        change = ChangeSettings(settings.change_threshold, tolerance, block=settings.change_block)
    providers = Providers(settings.provider, settings.threads, settings.integer_slowdown, open_in_arena)
    return HeadOptions(providers, masked=is_masked(settings), change=change)
