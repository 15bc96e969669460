"""Ways to send a model's picture, for the command line: measured once on calibration inputs, then kept."""

from __future__ import annotations

from evosplit.cli.cache import cached
from evosplit.cli.calibration import Calibration
from evosplit.planner.calibration.input_files import feeds_digest
from evosplit.planner.encodings.encoding_costs import (
    MAX_INPUTS,
    METHOD,
    PictureEncodings,
    data_free_encodings,
    measure_encodings,
)
from evosplit.shared.cache_key import CacheKey
from evosplit.shared.graph import Graph
from evosplit.shared.machine import this_machine


def input_encodings(graph: Graph, calibration: Calibration) -> PictureEncodings:
    """What PNG and JPEG cost on the inputs that errors are measured on; nothing without a model card."""
    card, feeds = calibration.card, calibration.measured[:MAX_INPUTS]
    if card is None:
        return PictureEncodings(())
    if not feeds:
        return data_free_encodings(graph, card)
    key = CacheKey("pictures", graph.sha256, METHOD, card, this_machine(), inputs=feeds_digest(feeds))
    return cached(PictureEncodings, key, lambda: measure_encodings(graph, card, feeds))
