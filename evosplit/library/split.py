"""Head and tail of a cut: run apart, written as ONNX files, and joined by encoded frames."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import onnx
import onnx.numpy_helper
from numpy.typing import NDArray

from evosplit.kernels.weights import fake_quantise_weights
from evosplit.library.model import Model
from evosplit.library.report import Listing, Report, listing
from evosplit.shared.errors import EvoSplitError, UsageError
from evosplit.shared.graph import Cut, Graph, parse_cut, prefix_cut
from evosplit.shared.plan import FLOAT_BITS, Plan, TensorCode
from evosplit.shared.session import Runner, serialise
from evosplit.shared.split import cloud_outputs, edge_outputs, head_model, tail_model
from evosplit.shared.units import format_size
from evosplit.shared.weight_sizes import quantised_weights

Tensors = Mapping[str, NDArray[Any]]
_HEAD: Final = "head.onnx"
_TAIL: Final = "tail.onnx"
FLOAT: Final = TensorCode(FLOAT_BITS)


@dataclass(frozen=True)
class _Part:
    """One side of a cut, in float32: an ONNX model and how to run it."""

    model: onnx.ModelProto = field(repr=False)
    threads: int = 1

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tensors that `run` takes."""
        return tuple(value.name for value in self.model.graph.input)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the tensors that `run` makes."""
        return tuple(value.name for value in self.model.graph.output)

    def run(self, tensors: Tensors) -> dict[str, NDArray[Any]]:
        """Outputs by name; ``tensors`` may hold more than the inputs. Raises InputError for a lack."""
        needed = {name: tensors[name] for name in self.inputs if name in tensors}
        return self._runner.run(needed)

    @functools.cached_property
    def _runner(self) -> Runner:
        return Runner(self.model, self.threads)


@dataclass(frozen=True)
class Head(_Part):
    """The edge's part: from the network's inputs to the boundary, and to outputs that are finished there."""


@dataclass(frozen=True)
class Tail(_Part):
    """The cloud's part: from the boundary to the remaining outputs."""


@dataclass(frozen=True, repr=False)
class Split(Report):
    """A model in two parts. ``codes`` say how boundary tensors travel: as they stand unless a plan says so.

    One part after the other gives the whole network's outputs, but for the order of float32 sums: within
    1e-4 of the largest value.
    """

    graph: Graph
    cut: Cut
    head: Head
    tail: Tail
    codes: Mapping[str, TensorCode] = field(default_factory=dict)

    def run(self, feeds: Tensors) -> dict[str, NDArray[Any]]:
        """The network's outputs for inputs by name, without encoding what crosses. Raises InputError."""
        tensors = {**feeds, **self.head.run(feeds)}
        tensors |= self.tail.run(tensors)
        return {name: tensors[name] for name in self.graph.outputs}

    def to_dict(self) -> dict[str, Any]:
        """The manifest that `save` and `evosplit split` write."""
        graph, cut = self.graph, self.cut
        return {
            "model": graph.name,
            "model_sha256": graph.sha256,
            "cut": cut.key if cut.index is None else cut.index,
            "boundary": [
                {"name": name, "shape": list(graph.tensors[name].shape), "dtype": graph.tensors[name].dtype}
                for name in cut.boundary
            ],
            "edge_outputs": list(edge_outputs(graph, cut)),
            "cloud_outputs": list(cloud_outputs(graph, cut)),
            "head": _HEAD if cut.layers else None,
            "tail": _TAIL if len(cut.layers) < len(graph.layers) else None,
        }

    def listings(self) -> tuple[Listing, ...]:
        """The tensors that cross."""
        tensors = [self.graph.tensors[name] for name in self.cut.boundary]
        rows = (
            (
                item.name,
                "x".join(map(str, item.shape)),
                item.dtype,
                format_size(item.size_bytes),
                self.codes.get(item.name, FLOAT).bits,
            )
            for item in tensors
        )
        title = f"Boundary of {self.graph.name} at cut {self.cut.key}"
        return (listing(title, ("tensor", "shape", "dtype", "in memory", "bits"), rows),)

    def save(self, folder: Path | str) -> None:
        """Write head.onnx, tail.onnx and manifest.json. Raises EvoSplitError.

        A part without nodes, which no runtime loads, is left out.
        """
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_part(folder / _HEAD, self.head.model)
            _write_part(folder / _TAIL, self.tail.model)
            text = json.dumps(self.to_dict(), indent=2) + "\n"
            (folder / "manifest.json").write_text(text, encoding="utf-8")
        except OSError as error:
            raise EvoSplitError(f"cannot write to {folder}: {error.strerror}") from None


def split(model: Model, cut: int | Cut | Plan, threads: int = 1) -> Split:
    """Cut a model in two, in float32: after its first ``cut`` layers, at a cut, or where a plan cuts.

    With a plan the head's weights are rounded to its bits, as bundles pack them, and `encode` gives boundary
    tensors its codes; activations within the head stay float32. Raises UsageError for an index that is no cut
    or a plan of another model, ModelError.
    """
    graph = model.graph
    place = _cut(graph, cut)
    head, tail = head_model(graph, place), tail_model(graph, place)
    codes: Mapping[str, TensorCode] = {}
    if isinstance(cut, Plan):
        head, codes = _rounded(head, graph, cut), cut.wire
    return Split(graph, place, Head(head, threads), Tail(tail, threads), codes)


def _cut(graph: Graph, cut: int | Cut | Plan) -> Cut:
    if isinstance(cut, Cut):
        return cut
    if isinstance(cut, int):
        return prefix_cut(graph, cut)
    if cut.model_sha256 != graph.sha256:
        raise UsageError(f"the plan is of {cut.model}, not of this {graph.name}")
    return parse_cut(graph, cut.cut_key)


def _rounded(head: onnx.ModelProto, graph: Graph, plan: Plan) -> onnx.ModelProto:
    """The head with the weights that unpacking the plan's bundle would give."""
    packed = quantised_weights(graph)
    bits = {name: bits for layer, bits in plan.weight_bits.items() for name in packed.get(layer, ())}
    made = onnx.ModelProto()
    made.CopyFrom(head)
    for tensor in made.graph.initializer:
        if bits.get(tensor.name, FLOAT_BITS) != FLOAT_BITS:
            array = onnx.numpy_helper.to_array(tensor)
            rounded = fake_quantise_weights(array, bits[tensor.name]).astype(array.dtype, copy=False)
            tensor.CopyFrom(onnx.numpy_helper.from_array(rounded, tensor.name))
    return made


def _write_part(path: Path, part: onnx.ModelProto) -> None:
    """A part without nodes is not written, and one of an earlier call does not stay in its place."""
    if part.graph.node:
        path.write_bytes(serialise(part))
    else:
        path.unlink(missing_ok=True)
