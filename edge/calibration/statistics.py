"""Quantisation errors of the device's own inputs, measured in a process of the lowest priority.

``python -m evosplit.edge.calibration.statistics``: on standard input a line of JSON (`Asked`) and the inputs'
bytes one after the other; the error table as JSON on standard output, or one line on standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from evosplit.edge.background.child_process import run_paced
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.calibration.sample import Kept
from evosplit.kernels.codec import decode_tensor
from evosplit.kernels.errors.calibration_inputs import DEFAULT_INPUTS, spread
from evosplit.kernels.errors.measure_table import ErrorTable, measure_errors
from evosplit.shared.card import Card, card_from_data, check_card
from evosplit.shared.child_process import bound_memory, die_with_parent, step_back
from evosplit.shared.errors import EvoSplitError, ProfileError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.oip import SIZED_PICTURE_INPUT
from evosplit.shared.picture_codes import sized_feeds
from evosplit.shared.serial import from_json, to_json
from evosplit.shared.wire import decode_frame

_BASE_BYTES: Final = 512 << 20
_COPIES: Final = 8
"""Python with ONNX Runtime; and how often the network's weights are held at most: read, cut, in sessions."""


@dataclass(frozen=True)
class Asked:
    """The network's file and identity, its card as plain data, and the inputs: kind and length of each."""

    model: str
    name: str
    sha256: str
    card: Mapping[str, Any] | None
    inputs: tuple[tuple[str, int], ...]


async def measured_errors(
    model: Path, graph: Graph, card: Mapping[str, Any] | None, kept: Sequence[Kept], pause: BackgroundPause
) -> bytes:
    """The error table (JSON) over a few of the inputs. Stands still while ``pause`` has a frame under way.

    Raises ProfileError; cancelling ends the process.
    """
    few = [kept[index] for index in spread(len(kept), DEFAULT_INPUTS)]
    inputs = tuple((item.name, len(item.content)) for item in few)
    asked = Asked(str(model), graph.name, graph.sha256, card, inputs)
    content = json.dumps(asdict(asked)).encode() + b"\n" + b"".join(item.content for item in few)
    return await run_paced("evosplit.edge.calibration.statistics", content, pause, ProfileError)


def measure(asked: Asked, content: bytes) -> ErrorTable:
    """Errors over the inputs in ``content``. Raises ModelError, CardError, InputError, ProfileError."""
    graph = load_graph(Path(asked.model), asked.name)
    if graph.sha256 != asked.sha256:
        raise ProfileError(f"{asked.model} holds another version of {asked.name}")
    card = None if asked.card is None else check_card(card_from_data(dict(asked.card)), graph)
    feeds, start = [], 0
    for kind, length in asked.inputs:
        feeds.append(_feeds(card, kind, content[start : start + length]))
        start += length
    return measure_errors(graph, feeds, threads=1)


def _feeds(card: Card | None, kind: str, content: bytes) -> dict[str, np.ndarray]:
    if kind == SIZED_PICTURE_INPUT and card is not None:
        return dict(sized_feeds(card, content))
    return {tensor.name: decode_tensor(tensor) for tensor in decode_frame(content).tensors}


def main() -> int:
    """The process. Exit status 1 and one line on standard error when nothing could be measured."""
    die_with_parent()
    asked = from_json(Asked, sys.stdin.buffer.readline(), ProfileError)
    content = sys.stdin.buffer.read()
    step_back()
    try:
        bound_memory(_BASE_BYTES + len(content) + _COPIES * Path(asked.model).stat().st_size)
        sys.stdout.buffer.write(to_json(measure(asked, content)))
    except MemoryError:
        sys.stderr.write("measuring errors needs more memory than it may take\n")
        return 1
    except (EvoSplitError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
