"""Ways to send a model's picture, for the command line: measured once on calibration inputs, then kept."""

from __future__ import annotations

from pathlib import Path

from cli.cache import cached
from cli.card_files import find_card_or_none
from planner.calibration.files import calibration_feeds, calibration_source, feeds_digest
from planner.encodings.measure import MAX_INPUTS, PictureEncodings, measure_encodings
from shared.card import check_card, load_card
from shared.graph import Graph


def input_encodings(
    graph: Graph, model: Path, card_file: Path | None, source: Path | None
) -> PictureEncodings:
    """What PNG and JPEG cost on the inputs that errors are measured on; nothing without a model card."""
    card_path = card_file or find_card_or_none(model)
    if card_path is None:
        return PictureEncodings(())
    card = check_card(load_card(card_path), graph)
    feeds = calibration_feeds(graph, card, source or calibration_source(model))[:MAX_INPUTS]
    key = (graph.sha256, feeds_digest(feeds))
    return cached(PictureEncodings, key, lambda: measure_encodings(graph, card, feeds))
