"""Emulation of split execution in one process: what the edge sends and the cloud answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from evosplit.kernels.attention_masks import encode_travelling
from evosplit.kernels.codec import decode_tensor
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.kernels.errors.stretched_network import Network, network_of
from evosplit.kernels.quantise import fake_quantise
from evosplit.kernels.weights import fake_quantise_weights
from evosplit.planner.encodings.picture_round_trip import PictureWire
from evosplit.shared.errors import UsageError
from evosplit.shared.graph import Cut, Graph, parse_cut
from evosplit.shared.picture_codes import is_picture
from evosplit.shared.plan import FLOAT_BITS, Plan, TensorCode
from evosplit.shared.restoration.network import Restoration
from evosplit.shared.restoration.restored_tail import restored_tail
from evosplit.shared.restoration.store import RestorationOf
from evosplit.shared.restoration.transform import in_components, transform_of
from evosplit.shared.split import head_model, layer_model, tail_model

_FLOAT: Final = TensorCode(FLOAT_BITS)

Values = Mapping[str, np.ndarray]


class SplitRun:
    """Head with packed weights, boundary encoded and decoded at the plan's codes, tail in float.

    Weights are quantised as bundles pack them, per channel of axis 0. A plan for a device with integer
    activations is run layer by layer, each activation quantised over the plan's range, or else over that
    which ``errors`` names.
    ``pictures`` is the way of inputs that are sent as pictures, ``restoration_of`` has the networks that
    plans name. Raises UsageError where one of these is needed but not given, RestorationError as the last.
    """

    def __init__(
        self,
        graph: Graph,
        plan: Plan,
        threads: int = 1,
        errors: ErrorTable | None = None,
        pictures: PictureWire | None = None,
        restoration_of: RestorationOf | None = None,
    ) -> None:
        cut = parse_cut(graph, plan.cut_key)
        network = network_of(graph, threads)
        packed = _packed(network, plan, cut)
        narrow = {name: bits for name, bits in plan.activation_bits.items() if bits != FLOAT_BITS}
        self._head = (
            _Layers(network, cut, packed, _codes(plan, narrow, errors))
            if narrow
            else _Head(network, cut, packed)
        )
        self._wire = {name: plan.wire.get(name, _FLOAT) for name in cut.boundary}
        restorations = _networks((code.restoration for code in self._wire.values()), restoration_of)
        undoing = _networks((code.transform for code in self._wire.values()), restoration_of)
        self._transforms = {network.name: transform_of(network) for network in undoing}
        self._tail = network.runner(restored_tail(tail_model(network.graph, cut), restorations))
        self._outputs = graph.outputs
        self._pictures = pictures
        if pictures is None and any(is_picture(code.codec) for code in self._wire.values()):
            raise UsageError("running a plan that sends a picture needs a model card")

    def run(self, feeds: Values) -> dict[str, np.ndarray]:
        """The network's outputs for one input (feeds by input name)."""
        made = self._head.run(feeds)
        sent = in_components(self._wire, made, self._transforms.__getitem__)
        arrived = {name: self._sent(name, sent[name], code) for name, code in self._wire.items()}
        arrays = {**made, **self._tail.run(arrived)}
        return {name: arrays[name] for name in self._outputs}

    def _sent(self, name: str, array: np.ndarray, code: TensorCode) -> np.ndarray:
        """What arrives in the cloud."""
        if self._pictures is not None and code.codec is not None and is_picture(code.codec):
            return self._pictures(code.codec, array)
        return decode_tensor(encode_travelling(name, array, code))


class _Head:
    """The edge's layers in one session."""

    def __init__(self, network: Network, cut: Cut, packed: Values) -> None:
        self._runner = network.runner(head_model(network.graph, cut), changed=packed)

    def run(self, feeds: Values) -> Values:
        return {**feeds, **self._runner.run({name: feeds[name] for name in self._runner.input_names})}


class _Layers:
    """The edge's layers one by one, some of their outputs quantised."""

    def __init__(self, network: Network, cut: Cut, packed: Values, codes: Mapping[str, TensorCode]) -> None:
        self._runners = [
            network.runner(layer_model(network.graph, index), changed=packed) for index in cut.layers
        ]
        self._codes = codes

    def run(self, feeds: Values) -> Values:
        values = {name: self._quantised(name, array) for name, array in feeds.items()}
        for runner in self._runners:
            made = runner.run({name: values[name] for name in runner.input_names})
            values |= {name: self._quantised(name, array) for name, array in made.items()}
        return {**values, **feeds}  # an input that is sent is sent as it was given

    def _quantised(self, name: str, array: np.ndarray) -> np.ndarray:
        code = self._codes.get(name)
        if code is None:
            return array
        return fake_quantise(array, code.bits, code.low, code.high).astype(array.dtype, copy=False)


def _networks(named: Iterable[str | None], restoration_of: RestorationOf | None) -> list[Restoration]:
    names = [name for name in named if name is not None]
    if names and restoration_of is None:
        raise UsageError("running a plan that restores tensors needs the networks that do it")
    return [restoration_of(name) for name in names] if restoration_of else []


def _packed(network: Network, plan: Plan, cut: Cut) -> dict[str, np.ndarray]:
    """The edge's weights as they are after packing at the plan's bits."""
    layers = (network.graph.layers[index].name for index in cut.layers)
    bits = {layer: plan.weight_bits.get(layer, FLOAT_BITS) for layer in layers}
    return {
        name: fake_quantise_weights(array, width).astype(array.dtype, copy=False)
        for layer, width in bits.items()
        if width != FLOAT_BITS
        for name, array in ((name, network.weights[name]) for name in network.packed.get(layer, ()))
    }


def _codes(plan: Plan, narrow: Mapping[str, int], errors: ErrorTable | None) -> dict[str, TensorCode]:
    """The plan's own codes; where it has none, those of the error table."""
    known = plan.activation_codes
    rest = narrow.keys() - known.keys()
    if rest and errors is None:
        raise UsageError("running a plan with quantised activations needs the error table with their ranges")
    ranges = {name: errors.activations[name] for name in rest if name in errors.activations} if errors else {}
    return known | {
        name: TensorCode(narrow[name], table.low.get(narrow[name]), table.high.get(narrow[name]))
        for name, table in ranges.items()
    }
