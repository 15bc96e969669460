"""Answer agreement with the float network, on pictures that nothing was calibrated on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.cells.inputs import Network
from evosplit.edge.link.payloads import jpeg_picture
from evosplit.planner.drop.split_run import SplitRun
from evosplit.planner.encodings.picture_round_trip import picture_wire
from evosplit.shared.agreement import agreement
from evosplit.shared.pictures import decode_picture
from evosplit.shared.plan import Plan
from evosplit.shared.preprocess import preprocess
from evosplit.shared.session import Runner

Outputs: TypeAlias = Mapping[str, NDArray[Any]]
Way: TypeAlias = Callable[[NDArray[np.uint8]], Outputs]


def plan_agrees(network: Network, plan: Plan) -> float:
    """The share of answers (of boxes) that a plan keeps."""
    run = SplitRun(network.graph, plan, pictures=picture_wire(network.card))
    return _agrees(network, lambda pixels: run.run(dict(preprocess(network.card, pixels))))


def jpeg_agrees(network: Network) -> float:
    """The same of the baseline's JPEG."""
    card, whole = network.card, Runner(network.graph.model)

    def way(pixels: NDArray[np.uint8]) -> Outputs:
        return whole.run(dict(preprocess(card, decode_picture(jpeg_picture(card, pixels)))))

    return _agrees(network, way)


def _agrees(network: Network, way: Way) -> float:
    whole = Runner(network.graph.model)
    agreements = [
        agreement(network.card, whole.run(dict(preprocess(network.card, pixels))), way(pixels))
        for pixels in network.unseen
    ]
    return float(np.mean(agreements))
