"""Bundle writer: a plan table with every weight at every bit-width that some plan gives it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from evosplit.kernels.weights import pack_weights
from evosplit.shared.bundle import CalibrationKind, Manifest, write_bundle
from evosplit.shared.errors import UsageError
from evosplit.shared.graph import Graph, parse_cut
from evosplit.shared.plan import FLOAT_BITS, PlanTable
from evosplit.shared.restoration.store import RestorationOf
from evosplit.shared.restoration.transform import table_transforms
from evosplit.shared.session import serialise
from evosplit.shared.weight_sizes import quantised_weights
from evosplit.shared.weights import strip_weights
from evosplit.shared.wire import Frame, encode_frame

SKELETON_NAME: Final = "skeleton.onnx"


def build_bundle(
    graph: Graph,
    table: PlanTable,
    card: Mapping[str, Any] | None,
    path: Path,
    calibration: CalibrationKind | None = None,
    max_drop: float | None = None,
    restoration_of: RestorationOf | None = None,
) -> str:
    """Write the bundle to ``path`` and return its digest; it says what its plans rest on and promise.

    ``restoration_of`` has the networks that undo transforms: the bundle carries those of its plans. Raises
    UsageError for plans with transforms without it, RestorationError as it does.

    Holds the stripped model and, for every edge layer of every plan (the fallback included), its weights:
    per channel (axis 0) at the plan's bits; biases and the like as they stand, at 32 bits.
    """
    skeleton, weights = strip_weights(graph.model)
    files = {SKELETON_NAME: serialise(skeleton)}
    names: dict[str, dict[str, str]] = {}
    wanted = _wanted_bits(graph, table)
    for number, name in enumerate(sorted(wanted.keys() & weights.keys())):
        names[name] = {str(bits): f"weights/{number}-{bits}.evs" for bits in sorted(wanted[name])}
        files |= {names[name][str(bits)]: _packed(graph, name, weights[name], bits) for bits in wanted[name]}
    transforms = {name: f"transforms/{name}.onnx" for name in table_transforms(table)}
    files |= {file: _undoing(name, restoration_of) for name, file in transforms.items()}
    manifest = Manifest(
        graph.name,
        graph.sha256,
        table,
        card,
        SKELETON_NAME,
        names,
        calibration=calibration,
        max_drop=max_drop,
        transforms=transforms,
    )
    return write_bundle(path, manifest, files)


def _wanted_bits(graph: Graph, table: PlanTable) -> dict[str, set[int]]:
    """Initialiser -> every bit-width that some plan gives it on the edge."""
    packed = quantised_weights(graph)
    wanted: dict[str, set[int]] = {}
    for plan in (*table.plans, *([table.fallback] if table.fallback else [])):
        for index in parse_cut(graph, plan.cut_key).layers:
            layer = graph.layers[index]
            for name in layer.weights:
                is_packed = name in packed.get(layer.name, ())
                wanted.setdefault(name, set()).add(plan.weight_bits[layer.name] if is_packed else FLOAT_BITS)
    return wanted


def _undoing(name: str, restoration_of: RestorationOf | None) -> bytes:
    if restoration_of is None:
        raise UsageError("a bundle whose plans send components needs the transforms that make them")
    return restoration_of(name).content


def _packed(graph: Graph, name: str, array: np.ndarray, bits: int) -> bytes:
    return encode_frame(Frame("", graph.sha256, "", (pack_weights(name, array, bits),)))
