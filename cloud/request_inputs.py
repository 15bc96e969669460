"""Decoding of requests into input arrays: plain tensors, an encoded frame, a picture file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray

from evosplit.cloud.repository.model import Model
from evosplit.cloud.stream_state import StreamStore, restore
from evosplit.kernels.codec import decode_checked
from evosplit.shared.errors import InputError, RestorationError
from evosplit.shared.graph import Cut, Graph, Tensor, parse_cut, prefix_cut
from evosplit.shared.input_picture import read_picture
from evosplit.shared.oip import (
    FRAME_INPUT,
    PICTURE_INPUT,
    SIZED_PICTURE_INPUT,
    InferRequest,
    InferTensor,
    check_kind,
    check_names,
    model_inputs,
)
from evosplit.shared.picture_codes import sized_feeds
from evosplit.shared.preprocess import sized_input
from evosplit.shared.restoration.network import ANY_STEP, Restoration
from evosplit.shared.restoration.store import RestorationOf
from evosplit.shared.split import edge_outputs
from evosplit.shared.wire import Frame, decode_frame

Feeds = dict[str, NDArray[Any]]


ModelOf: TypeAlias = Callable[[str], Model]
"""The model with a content (sha256). Raises StaleModelError, or InputError where there is just one."""


InputKind: TypeAlias = Literal["tensors", "picture", "sized_picture", "frame", "key_frame", "delta_frame"]
"""What inputs came as; a frame alone, or one of a stream: whole, or what changed."""


class Entry(NamedTuple):
    """Where a request enters which network, what goes in there as what, and what restores it first."""

    model: Model
    cut: Cut
    feeds: Feeds
    restorations: tuple[Restoration, ...] = ()
    kind: InputKind = "tensors"


def no_restorations(name: str) -> Restoration:
    """Where there are none. Raises RestorationError."""
    raise RestorationError(f"no restoration {name} here: nothing is restored")


def read_inputs(
    model: Model,
    request: InferRequest,
    streams: StreamStore,
    restoration_of: RestorationOf = no_restorations,
    model_of: ModelOf | None = None,
) -> Entry:
    """The entry of a request; a frame of another content than the model's is of what ``model_of`` gives.

    Raises InputError, WireError, UnknownBaseError, RestorationError, and as ``model_of``.
    """
    only = request.inputs[0] if len(request.inputs) == 1 else None
    if only is not None and only.name == FRAME_INPUT:
        return frame_inputs(model, only, streams, restoration_of, model_of)
    whole = prefix_cut(model.graph, 0)
    if only is not None and only.name in (PICTURE_INPUT, SIZED_PICTURE_INPUT):
        kind: InputKind = "picture" if only.name == PICTURE_INPUT else "sized_picture"
        return Entry(model, whole, picture_inputs(model, only), kind=kind)
    return Entry(model, whole, model_inputs(model.graph, request.inputs))


def picture_inputs(model: Model, item: InferTensor) -> Feeds:
    """A picture file, decoded and preprocessed by the model's card. Raises InputError.

    One that a plan had the sender bring to the network's size is taken as it is.
    """
    if model.card is None:
        raise InputError(
            f"model {model.name} has no card, so it takes tensors but no pictures: docs/model-card.md"
        )
    content = bytes(_blob(item))
    if item.name == SIZED_PICTURE_INPUT:
        return dict(sized_feeds(model.card, content))
    return dict(sized_input(model.card, read_picture(model.card, content).pixels))


def frame_inputs(
    model: Model,
    item: InferTensor,
    streams: StreamStore,
    restoration_of: RestorationOf = no_restorations,
    model_of: ModelOf | None = None,
) -> Entry:
    """An encoded frame: the cut that it names, the tensors that cross it, and what is to restore them.

    Raises InputError, WireError, UnknownBaseError for a delta on what ``streams`` does not hold, and
    RestorationError for a restoration that is not here, or is of another model, tensor or step.
    """
    frame = decode_frame(_blob(item))
    if frame.model_sha256 != model.graph.sha256:
        if model_of is None:
            raise InputError(f"the frame is of another version of {model.name} ({frame.model_sha256[:12]})")
        model = model_of(frame.model_sha256)
    cut = parse_cut(model.graph, frame.cut_key)
    _check_frame(model, cut, frame)
    if frame.stream is None:
        steps = {encoded.name: encoded.scales for encoded in frame.tensors}
        feeds = {encoded.name: decode_checked(encoded) for encoded in frame.tensors}
        return Entry(model, cut, feeds, _restorations(model, frame, steps, restoration_of), "frame")
    state = restore(streams, frame, frame.stream)
    steps = {name: tuple(codes.affine.scales.tolist()) for name, codes in state.items() if codes.affine}
    feeds = {name: codes.values() for name, codes in state.items()}
    kind: InputKind = "key_frame" if frame.stream.is_key else "delta_frame"
    return Entry(model, cut, feeds, _restorations(model, frame, steps, restoration_of), kind)


def pass_through_outputs(graph: Graph, feeds: Mapping[str, NDArray[Any]]) -> Feeds:
    """The model's outputs that no layer makes: inputs as they came, and weights."""
    names = edge_outputs(graph, prefix_cut(graph, 0))
    weights = {tensor.name: tensor for tensor in graph.model.graph.initializer if tensor.name in names}
    held = {name: onnx.numpy_helper.to_array(tensor) for name, tensor in weights.items()}
    return {**held, **{name: feeds[name] for name in names if name in feeds}}


def _check_frame(model: Model, cut: Cut, frame: Frame) -> None:
    """Names, types and shapes are the cut's, so that decoding allocates no more than the network does."""
    check_names("tensor", [encoded.name for encoded in frame.tensors], cut.boundary)
    for encoded in frame.tensors:
        wanted: Tensor = model.graph.tensors[encoded.name]
        given = (encoded.dtype, encoded.shape)
        check_kind(f"tensor {encoded.name}", given, (wanted.dtype, wanted.shape))


def _restorations(
    model: Model, frame: Frame, steps: Mapping[str, tuple[float, ...]], restoration_of: RestorationOf
) -> tuple[Restoration, ...]:
    """Those that the frame names. A plan's promise rests on them, so without one there is no answer."""
    pairs = zip(frame.tensors, frame.restorations, strict=False)
    chosen = {encoded.name: restoration_of(name) for encoded, name in pairs if name}
    for tensor, restoration in chosen.items():
        fits_step = restoration.step == ANY_STEP or steps.get(tensor) == (restoration.step,)
        is_its_own = (restoration.model_sha256, restoration.tensor) == (model.graph.sha256, tensor)
        if not (fits_step and is_its_own):
            raise RestorationError(f"restoration {restoration.name} is of another model, tensor or step")
    return tuple(chosen.values())


def _blob(item: InferTensor) -> memoryview:
    if item.datatype != "UINT8" or len(item.shape) != 1:
        names = f"{FRAME_INPUT} and {PICTURE_INPUT}"
        raise InputError(f"{names} are UINT8 of shape [nbytes], not {item.datatype} {list(item.shape)}")
    return memoryview(np.ascontiguousarray(item.data).data)
