"""The three kinds of request as arrays for the network: plain tensors, an encoded frame, a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.registry import Model
from cloud.streams import StreamStore, restore
from kernels.codec import decode_tensor
from shared.errors import InputError
from shared.graph import Cut, Tensor, parse_cut
from shared.oip import FRAME_INPUT, PICTURE_INPUT, SIZED_PICTURE_INPUT, InferTensor, datatype_of
from shared.picture_codes import sized_feeds
from shared.preprocess import sized_input
from shared.sized import read_picture
from shared.wire import EncodedTensor, Frame, decode_frame

Feeds = dict[str, NDArray[Any]]


def plain_feeds(model: Model, inputs: Sequence[InferTensor]) -> Feeds:
    """The model's own inputs, each of the right type and shape. Raises InputError."""
    graph = model.graph
    _check_names("input", [item.name for item in inputs], graph.inputs)
    for item in inputs:
        wanted = graph.tensors[item.name]
        _check("input", item.name, (item.datatype, item.shape), (datatype_of(wanted.dtype), wanted.shape))
    return {item.name: item.data for item in inputs}


def picture_feeds(model: Model, item: InferTensor) -> Feeds:
    """A picture file, decoded and preprocessed by the model's card. Raises InputError.

    One that a plan had the sender bring to the network's size is taken as it is.
    """
    if model.card is None:
        raise InputError(f"model {model.name} has no card, so it takes tensors but no pictures")
    content = bytes(_blob(item))
    if item.name == SIZED_PICTURE_INPUT:
        return dict(sized_feeds(model.card, content))
    return dict(sized_input(model.card, read_picture(model.card, content).pixels))


def frame_feeds(model: Model, item: InferTensor, streams: StreamStore) -> tuple[Cut, Feeds]:
    """An encoded frame: the cut that it names and the tensors that cross it.

    Raises InputError, WireError, and UnknownBaseError for a delta on what ``streams`` does not hold.
    """
    frame = decode_frame(_blob(item))
    if frame.model_sha256 != model.graph.sha256:
        raise InputError(f"the frame is of another version of {model.name} ({frame.model_sha256[:12]})")
    cut = parse_cut(model.graph, frame.cut_key)
    _check_frame(model, cut, frame)
    if frame.stream is None:
        return cut, {encoded.name: decode_tensor(encoded) for encoded in frame.tensors}
    state = restore(streams, frame, frame.stream)
    return cut, {name: codes.values() for name, codes in state.items()}


def _check_frame(model: Model, cut: Cut, frame: Frame) -> None:
    """Names, types and shapes are the cut's, so that decoding allocates no more than the network does."""
    _check_names("tensor", [encoded.name for encoded in frame.tensors], cut.boundary)
    for encoded in frame.tensors:
        wanted: Tensor = model.graph.tensors[encoded.name]
        _check("tensor", encoded.name, _kind(encoded), (wanted.dtype, wanted.shape))


def _kind(encoded: EncodedTensor) -> tuple[str, tuple[int, ...]]:
    return encoded.dtype, encoded.shape


def _blob(item: InferTensor) -> memoryview:
    if item.datatype != "UINT8" or len(item.shape) != 1:
        names = f"{FRAME_INPUT} and {PICTURE_INPUT}"
        raise InputError(f"{names} are UINT8 of shape [nbytes], not {item.datatype} {list(item.shape)}")
    return memoryview(np.ascontiguousarray(item.data).data)


def _check_names(what: str, given: Sequence[str], wanted: Sequence[str]) -> None:
    for name in given:
        if name not in wanted:
            raise InputError(f"no {what} {name!r} here; there are {', '.join(wanted) or 'none'}")
    for name in wanted:
        if name not in given:
            raise InputError(f"{what} {name!r} is missing")


def _check(
    what: str, name: str, given: tuple[str, tuple[int, ...]], wanted: tuple[str, tuple[int, ...]]
) -> None:
    if given != wanted:
        raise InputError(
            f"{what} {name} is {given[0]} {list(given[1])}, the model takes {wanted[0]} {list(wanted[1])}"
        )
