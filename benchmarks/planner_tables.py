"""Cache of error tables and picture encodings that the planner's benchmarks need.

Inputs are photographs (`../shared/data`), as many as stated; the light topologies take 224 x 224 RGB. Made-up
weights hardly look at their input: noise in it, and the worst JPEG, would seem harmless. So the errors of
light topologies are relative mean squared errors (noise to signal of each tensor, every gain one), and they
get no picture encodings.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.planner_models import light_graph, real_graph
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.kernels.errors.measure_table import METHOD, ErrorOptions, measure_errors
from evosplit.library.cache import local_store
from evosplit.library.card_files import find_card
from evosplit.planner.calibration.calibration_data import measured_inputs
from evosplit.planner.calibration.input_files import feeds_digest, labelled_feeds
from evosplit.planner.encodings.encoding_costs import METHOD as PICTURE_METHOD
from evosplit.planner.encodings.encoding_costs import PictureEncodings, measure_encodings
from evosplit.shared.cache_key import CacheKey
from evosplit.shared.card import Card, card_from_data, check_card, load_card
from evosplit.shared.graph import Graph
from evosplit.shared.machine import this_machine
from evosplit.shared.serial import digest

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
SAMPLES: Final = 4


@dataclass(frozen=True)
class Network:
    """A network, what quantising it costs, and what sending its input as a picture costs."""

    graph: Graph
    errors: ErrorTable
    encodings: PictureEncodings


@dataclass(frozen=True)
class Source:
    """Where a network comes from: the `onnx` package (made-up weights), or a trained one."""

    name: str
    light: bool = False
    pictures: str = "imagenet"


def network(source: Source) -> Network:
    """Load and measure, or take what an earlier run has kept."""
    graph = light_graph(source.name) if source.light else real_graph(source.name)
    card = _light_card(graph) if source.light else load_card(find_card(Path(f"{source.name}.onnx")))
    card = check_card(card, graph)
    sampled = card.model_copy(
        update={"calibration": card.calibration.model_copy(update={"samples": SAMPLES})}
    )
    feeds = measured_inputs(sampled, labelled_feeds(graph, sampled, DATA / source.pictures, SAMPLES))
    options = ErrorOptions(measure="mse" if source.light else "gain")
    inputs, asked = feeds_digest(feeds), digest(options)
    key = CacheKey("errors", graph.sha256, METHOD, inputs=inputs, asked=asked)
    picture_key = CacheKey("pictures", graph.sha256, PICTURE_METHOD, card, this_machine(), inputs=inputs)
    report = _progress(source.name)
    errors = local_store().get(ErrorTable, key, lambda: measure_errors(graph, feeds, report, options=options))
    if source.light:
        return Network(graph, _relative(errors), PictureEncodings(()))
    pictures = local_store().get(PictureEncodings, picture_key, lambda: measure_encodings(graph, card, feeds))
    return Network(graph, errors, pictures)


def _relative(errors: ErrorTable) -> ErrorTable:
    """Relative mean squared errors as they are: every gain is one."""
    return replace(
        errors,
        weights={name: replace(entry, error=entry.relative) for name, entry in errors.weights.items()},
        activations={
            name: replace(entry, error=entry.relative) for name, entry in errors.activations.items()
        },
    )


def _light_card(graph: Graph) -> Card:
    """ImageNet pictures with the usual mean and deviation."""
    return card_from_data(
        {
            "version": 1,
            "name": graph.name,
            "input": {
                "colour": "RGB",
                "resize": {"kind": "crop", "shorter_side": 256},
                "scale": "1/255",
                "mean": [0.485, 0.456, 0.406],
                "std": [0.229, 0.224, 0.225],
            },
            "output": {"kind": "raw"},
        }
    )


def _progress(name: str) -> Callable[[int, int], None]:
    def report(done: int, total: int) -> None:
        if done % 50 == 0 or done == total:
            print(f"errors of {name}: {done} of {total}", file=sys.stderr, flush=True)

    return report
