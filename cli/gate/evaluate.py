"""Evaluation on held-out frames: the committed ONNX file, whole and split with a quantised boundary."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from evosplit.cli.gate.camera import GateCamera
from evosplit.cli.gate.decode import decode_plate
from evosplit.cli.gate.sample import random_scene
from evosplit.cli.gate.scene import render

INPUT, OUTPUT, BOUNDARY = "image", "plate", "boundary"
Array = NDArray[np.float32]
Reader = Callable[[Array], Array]
Sample = tuple[NDArray[np.uint8], str]
"""A frame and its truth."""


@dataclass(frozen=True)
class Score:
    """Frames, and the share of them read exactly: all, those with a plate, those without."""

    frames: int
    plates: int
    exact: float
    exact_with_plate: float
    exact_without_plate: float


def to_input(image: NDArray[np.uint8]) -> Array:
    """Turn `(160, 320, 3) uint8` into the network's `(1, 3, 160, 320) float32` in [0, 1]."""
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255)


def held_out(seeds: Iterable[int], frames: int) -> Iterator[Sample]:
    """Yield frames and truths of the first `frames` of each camera stream."""
    for seed in seeds:
        yield from ((frame.image, frame.truth) for frame in itertools.islice(GateCamera(seed), frames))


def unrelated(seed: int, count: int) -> Iterator[Sample]:
    """Yield single random scenes, harder and more varied than a stream: every plate is another one."""
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        scene = random_scene(rng)
        yield render(scene, rng), scene.truth


def score(reader: Reader, samples: Iterable[Sample]) -> Score:
    """Read every sample and count what is exactly right."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    for image, truth in samples:
        right[bool(truth)].append(decode_plate(reader(to_input(image))[0])[0] == truth)
    with_plate, without = right[True], right[False]
    both = with_plate + without
    return Score(len(both), len(with_plate), *(float(np.mean(kind)) for kind in (both, with_plate, without)))


def _session(model: onnx.ModelProto | Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def whole_reader(path: Path) -> Reader:
    """Read with the whole network in float32."""
    session = _session(path)
    return lambda image: np.asarray(session.run([OUTPUT], {INPUT: image})[0])


def split_reader(path: Path, bits: int) -> Reader:
    """Read with the boundary rounded to `bits` bits between its least and its largest value."""
    extractor = onnx.utils.Extractor(onnx.load(path))
    head = _session(extractor.extract_model([INPUT], [BOUNDARY]))
    tail = _session(extractor.extract_model([BOUNDARY], [OUTPUT]))

    def read(image: Array) -> Array:
        codes = rounded(np.asarray(head.run([BOUNDARY], {INPUT: image})[0]), bits)
        return np.asarray(tail.run([OUTPUT], {BOUNDARY: codes})[0])

    return read


def rounded(values: Array, bits: int) -> Array:
    """Quantise one tensor (affine, per tensor) and come back."""
    low, high = values.min(), values.max()
    step = max(float(high - low), 1e-9) / (2**bits - 1)
    return np.asarray(np.rint((values - low) / step) * step + low, np.float32)
