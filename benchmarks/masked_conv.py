"""Masked convolution against ONNX Runtime's dense float32, over densities and kinds of mask.

The target is a speed-up of 0.8 / density (3x3) or 0.6 / density (depthwise 3x3 and 1x1), and at density 1 at
least 0.7 for 3x3; so rows give speed-up times density: the share of the saved work that became saved time.
ONNX Runtime is measured twice: *alone*, a session with one convolution, which enters and leaves blocked
layout at its borders, and *in a chain* of four (there and back in turn, where channels differ), which does so
once; the chain's mean per layer is the harder baseline, and is compared with the mean of our layers there and
back. Masks are *scattered* (each position set by chance) and *blobs* (a smooth random field, cut off at the
density).
Rounds are interleaved, so that noise meets all alike; a ratio is the median of the rounds' ratios and, beside
it, the ratio of the least times, which other work on the machine disturbs less. The masked side includes
finding the set positions.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from benchmarks.report import write_result
from evosplit.kernels.masked.array_checks import aligned
from evosplit.kernels.masked.conv import MaskedConv

DENSITIES: Final = (1.0, 0.5, 0.25, 0.1)
CHAIN: Final = 4
ROUNDS: Final = 40
ROUND_S: Final = 0.004
PAUSE_S: Final = 0.005

Floats = NDArray[np.float32]
Work = Callable[[], object]


@dataclass(frozen=True)
class Shape:
    """A layer and, for a chain, the layer back to its input's channels."""

    kind: str
    channels: int
    out_channels: int
    size: int
    kernel: int
    groups: int = 1
    target: float = 0.6

    @property
    def label(self) -> str:
        """Kind, channels and size."""
        arrow = "" if self.channels == self.out_channels else f" to {self.out_channels}"
        return f"{self.kind} {self.channels}{arrow} x {self.size} x {self.size}"


SHAPES: Final = (
    *(Shape("3x3", c, c, size, 3, 1, 0.8) for c, size in ((32, 112), (64, 56), (128, 28), (256, 14))),
    *(Shape("depthwise 3x3", c, c, size, 3, c) for c, size in ((32, 112), (144, 56), (192, 28), (576, 14))),
    *(
        Shape("1x1", c, d, size, 1)
        for c, d, size in ((16, 96, 112), (24, 144, 56), (32, 192, 28), (96, 576, 14), (160, 960, 7))
    ),
)


def main() -> None:
    load = os.getloadavg()
    rows = [row for threads in (1, 2) for shape in SHAPES for row in _measure(shape, threads)]
    result = {
        "other_processes_running_before": round(load[0], 2),
        "worst_shape_x_density": _worst(rows),
        "rows": rows,
    }
    write_result("masked_conv", result)


def _worst(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """For each kind, number of threads, density and mask: the worst shape's speed-up times density."""
    names = ("alone", "in_a_chain", "alone_least_times", "in_a_chain_least_times")
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        label = f"{row['kind']}, threads {row['threads']}, density {row['density']:g}, {row['mask']}"
        groups.setdefault(label, []).append(row)
    return {
        label: {name: min(row[f"x_density_{name}"] for row in group) for name in names}
        for label, group in groups.items()
    }


def _measure(shape: Shape, threads: int) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(0)
    layers = [_weights(rng, shape, back) for back in (False, True)]
    works: dict[str, Work] = {
        "alone": _dense(shape, layers, 1, threads),
        "chain": _dense(shape, layers, CHAIN, threads),
    }
    masks = dict(_masks(rng, shape.size))
    for (density, name), mask in masks.items():
        works[f"{density} {name}"] = _masked(shape, layers[0], mask, threads)
        if shape.channels != shape.out_channels:
            works[f"{density} {name} back"] = _masked(shape, layers[1], mask, threads)
    times = _interleaved(works)
    flops = 2 * layers[0].size * shape.size**2
    for (density, name), mask in masks.items():
        own = times[f"{density} {name}"]
        back = times.get(f"{density} {name} back", own)
        both = [(a + b) / 2 for a, b in zip(own, back, strict=True)]
        layer = [t / CHAIN for t in times["chain"]]
        share = float(mask.mean())
        yield {
            "kind": shape.kind,
            "shape": shape.label,
            "threads": threads,
            "mask": name,
            "density": density,
            "set_positions": int(mask.sum()),
            "masked_ms": round(statistics.median(own) * 1e3, 4),
            "masked_back_ms": round(statistics.median(back) * 1e3, 4),
            "masked_gflop_per_s": round(flops * share / statistics.median(own) / 1e9, 1),
            "onnxruntime_alone_ms": round(statistics.median(times["alone"]) * 1e3, 4),
            "onnxruntime_in_a_chain_ms": round(statistics.median(times["chain"]) / CHAIN * 1e3, 4),
            "speed_up_alone": round(_ratio(times["alone"], own), 2),
            "speed_up_in_a_chain": round(_ratio(layer, both), 2),
            "x_density_alone": round(_ratio(times["alone"], own) * share, 2),
            "x_density_in_a_chain": round(_ratio(layer, both) * share, 2),
            "x_density_alone_least_times": round(min(times["alone"]) / min(own) * share, 2),
            "x_density_in_a_chain_least_times": round(min(layer) / min(both) * share, 2),
            "target_x_density": (0.7 if shape.kind == "3x3" else None) if density == 1 else shape.target,
        }


def _weights(rng: np.random.Generator, shape: Shape, back: bool) -> Floats:
    here, there = (shape.out_channels, shape.channels) if back else (shape.channels, shape.out_channels)
    depth = here // shape.groups
    values = rng.normal(size=(there, depth, shape.kernel, shape.kernel)) / np.sqrt(depth * shape.kernel**2)
    result: Floats = values.astype(np.float32)
    return result


def _dense(shape: Shape, layers: list[Floats], count: int, threads: int) -> Work:
    """A session of ``count`` convolutions, there and back in turn, on plain NCHW arrays."""
    weights = [numpy_helper.from_array(layers[i % 2], f"w{i}") for i in range(count)]
    margin = [shape.kernel // 2] * 4
    nodes = [
        helper.make_node("Conv", [f"t{i}", f"w{i}"], [f"t{i + 1}"], pads=margin, group=shape.groups)
        for i in range(count)
    ]
    last = shape.out_channels if count == 1 else shape.channels
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, shape.size, shape.size])
        for name, channels in (("t0", shape.channels), (f"t{count}", last))
    ]
    graph = helper.make_graph(nodes, "layers", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(model.SerializeToString(), options)
    x = np.random.default_rng(1).normal(size=(1, shape.channels, shape.size, shape.size)).astype(np.float32)
    return lambda: session.run(None, {"t0": x})


def _masked(shape: Shape, weights: Floats, mask: NDArray[np.bool_], threads: int) -> Work:
    layer = MaskedConv(weights, pads=(shape.kernel // 2,) * 4, groups=shape.groups)
    x = aligned((shape.size, shape.size, layer.in_channels))
    x[:] = np.random.default_rng(1).normal(size=x.shape)
    out = aligned(layer.out_shape(x.shape))
    return lambda: layer.run(x, mask, out, threads=threads)


def _masks(rng: np.random.Generator, size: int) -> Iterator[tuple[tuple[float, str], NDArray[np.bool_]]]:
    for density in DENSITIES:
        count = round(density * size * size)
        if density == 1:
            yield (density, "full"), np.ones((size, size), bool)
            continue
        yield (density, "scattered"), _highest(rng.random((size, size)), count)
        yield (density, "blobs"), _highest(_smooth(rng.random((size, size))), count)


def _smooth(field: NDArray[np.float64]) -> NDArray[np.float64]:
    """Averages over about a tenth of the width, four times over."""
    reach = max(1, len(field) // 20)
    for _ in range(4):
        for axis in (0, 1):
            field = np.mean([np.roll(field, shift, axis) for shift in range(-reach, reach + 1)], axis=0)
    return field


def _highest(field: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    mask = np.zeros(field.size, bool)
    mask[np.argsort(field, axis=None)[field.size - count :]] = True
    return mask.reshape(field.shape)


def _interleaved(works: dict[str, Work]) -> dict[str, list[float]]:
    """Seconds per call, round by round; enough calls a round to last a few milliseconds."""
    repeats = {}
    for name, work in works.items():
        work()
        start = time.perf_counter()
        work()
        repeats[name] = max(1, round(ROUND_S / (time.perf_counter() - start)))
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            # ONNX Runtime's threads go on spinning for a while, on a core that the next contender needs.
            time.sleep(PAUSE_S)
            work()
            start = time.perf_counter()
            for _ in range(repeats[name]):
                work()
            times[name].append((time.perf_counter() - start) / repeats[name])
    return times


def _ratio(others: list[float], times: list[float]) -> float:
    """How many times as fast as ``others``: the median over the rounds."""
    return statistics.median(a / b for a, b in zip(others, times, strict=True))


if __name__ == "__main__":
    main()
