"""Cloud tier over one network in processes of its own, and the plans that it hands out."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

from benchmarks.cells.inputs import SHARED
from evosplit.cli.demo.processes import Service
from evosplit.cli.demo.tiers import cloud_tier
from evosplit.kernels.codec import encode_tensor
from evosplit.shared import oip
from evosplit.shared.answer_rows import ROWS_OVER, rows_over
from evosplit.shared.card import Card
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.graph import Graph, load_graph, parse_cut
from evosplit.shared.plan import PlanTable, TensorCode
from evosplit.shared.profiler import measure_profile
from evosplit.shared.serial import from_json, to_data, to_json
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.split import head_model
from evosplit.shared.token import bearer
from evosplit.shared.wire import Frame, encode_frame

BITS = 8
CARDS = Path(str(files("evosplit.cli"))) / "cards"


@contextlib.asynccontextmanager
async def cloud_of(folder: Path, network: str, token: str) -> AsyncIterator[tuple[Service, Graph]]:
    """The tier over ``folder/models`` with one network of the shared models in it."""
    (folder / "models").mkdir(exist_ok=True)
    place = folder / "models" / f"{network}.onnx"
    if not place.exists():
        shutil.copy(SHARED / "models" / place.name, place)
        shutil.copy(CARDS / f"{network}.yaml", place.with_suffix(".yaml"))
    async with cloud_tier(folder, token) as started:
        yield started, load_graph(place)


async def planned(
    session: aiohttp.ClientSession, url: str, graph: Graph, slowdown: float, rtt_s: float
) -> PlanTable:
    """The table for an edge ``slowdown`` times slower than this machine."""
    profile = to_data(measure_profile(graph, 1, slowdown))
    asked = json.dumps({"profile": profile, "rtt_s": rtt_s})
    async with session.post(f"{url}/v1/models/{graph.name}/plans", data=asked) as reply:
        answer: Mapping[str, Any] = await reply.json()
        reply.raise_for_status()
    return from_json(PlanTable, to_json(answer["table"]), EvoSplitError)


def frame_body(
    graph: Graph, cut_key: str, seed: int = 0, card: Card | None = None
) -> tuple[bytes, dict[str, str]]:
    """An inference request with one frame behind a cut, and its headers; 8 bits a code.

    With a ``card`` it asks as an agent does of a picture.
    """
    cut, feeds = parse_cut(graph, cut_key), random_feeds(graph.model, seed)
    head = Runner(head_model(graph, cut))
    made: Mapping[str, np.ndarray] = head.run({name: feeds[name] for name in head.input_names})
    tensors = tuple(encode_tensor(name, made[name], TensorCode(BITS)) for name in cut.boundary)
    content = encode_frame(Frame(f"frame-{seed}", graph.sha256, cut.key, tensors))
    score = rows_over(card)
    about = {} if score is None else {ROWS_OVER: score}
    asked = oip.InferRequest((oip.blob_tensor(oip.FRAME_INPUT, content),), (), "", about, True)
    body, length = oip.build_request(asked)
    return body, {oip.HEADER_LENGTH: str(length)}


def session_with(token: str) -> aiohttp.ClientSession:
    """An HTTP client that shows the token."""
    return aiohttp.ClientSession(headers=bearer(token), timeout=aiohttp.ClientTimeout(900))
