"""JPEG as a way to send the input: its bytes, and its error at the network's outputs."""

from __future__ import annotations

import statistics

from benchmarks.cells.inputs import Network
from edge.payloads import JPEG_QUALITY, jpeg_picture
from planner.encodings import InputEncoding
from planner.errors.outputs import noise_to_signal
from shared.pictures import decode_picture
from shared.preprocess import preprocess
from shared.session import Runner


def jpeg_encoding(network: Network) -> InputEncoding:
    """What the edge's own JPEG costs on the calibration pictures; its seconds are measured in requests."""
    card, whole = network.card, Runner(network.graph.model)
    sent = [jpeg_picture(card, pixels) for pixels in network.pictures]
    right = [whole.run(dict(feeds)) for feeds in network.calibration]
    found = [whole.run(dict(preprocess(card, decode_picture(content)))) for content in sent]
    return InputEncoding(
        name=f"jpeg-{JPEG_QUALITY}",
        wire_bytes=statistics.fmean(map(len, sent)),
        error=noise_to_signal(right, found),
    )
