"""The baseline's JPEG: its error at the network's outputs."""

from __future__ import annotations

from benchmarks.cells.inputs import Network
from evosplit.edge.link.payloads import jpeg_picture
from evosplit.kernels.errors.output_error import noise_to_signal
from evosplit.shared.pictures import decode_picture
from evosplit.shared.preprocess import preprocess
from evosplit.shared.session import Runner


def jpeg_error(network: Network) -> float:
    """What the edge's own JPEG of the cloud-only strategy does to the calibration pictures."""
    card, whole = network.card, Runner(network.graph.model)
    sent = [jpeg_picture(card, pixels) for pixels in network.pictures]
    right = [whole.run(dict(feeds)) for feeds in network.calibration]
    found = [whole.run(dict(preprocess(card, decode_picture(content)))) for content in sent]
    return noise_to_signal(right, found)
