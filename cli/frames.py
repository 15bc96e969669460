"""What a frame takes on this machine beside the network: measured once for a model and card, then kept."""

from __future__ import annotations

from pathlib import Path

from evosplit.cli.cache import cached
from evosplit.cli.card_files import find_card_or_none
from evosplit.shared.cache_key import CacheKey
from evosplit.shared.card import check_card, load_card
from evosplit.shared.frame_costs import METHOD, FrameCosts, measure_frame, with_frame
from evosplit.shared.graph import Graph
from evosplit.shared.machine import this_machine
from evosplit.shared.profile import Profile


def with_frame_of(
    graph: Graph, profile: Profile, model: Path, card_file: Path | None, fresh: bool = False
) -> Profile:
    """The profile with a frame's own seconds, as slow as the profile is; as it stands without a model card.

    Raises CardError.
    """
    card_path = card_file or find_card_or_none(model)
    if card_path is None:
        return profile
    card = check_card(load_card(card_path), graph)
    key = CacheKey("frame", graph.sha256, METHOD, card, this_machine())
    return with_frame(profile, cached(FrameCosts, key, lambda: measure_frame(graph, card), fresh))
