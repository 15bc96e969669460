"""Network of bundles: its graph, and the weights that a plan's head has at the plan's bits."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection

from evosplit.edge.head.assemble import HeadSource
from evosplit.edge.head.bundle_set import BundleSet
from evosplit.kernels.codec import decode_tensor
from evosplit.shared.bundle import Bundle, Manifest
from evosplit.shared.errors import BundleError
from evosplit.shared.graph import Graph, graph_from_model, parse_cut
from evosplit.shared.plan import FLOAT_BITS, Plan
from evosplit.shared.restoration.transform import ChannelTransform
from evosplit.shared.weights import restore_weights


class BundleNetwork:
    """Reads weights when they are asked for. Raises BundleError, ModelError."""

    def __init__(self, bundles: BundleSet) -> None:
        self.bundles = bundles
        self._skeleton = bundles.first.skeleton()
        manifest = bundles.manifest
        self.graph: Graph = graph_from_model(self._skeleton, manifest.model, manifest.model_sha256)

    @property
    def manifest(self) -> Manifest:
        """What the bundles say of themselves."""
        return self.bundles.manifest

    @property
    def digest(self) -> str:
        """The bundle's."""
        return self.bundles.first.digest

    def source(self, plan: Plan) -> HeadSource:
        """What the head of a plan is made of, with its weights as they are packed. Raises BundleError."""
        cut = parse_cut(self.graph, plan.cut_key)
        bundle = self.bundles.of(plan)
        packed = bundle.weights(self._weight_bits(bundle, plan, cut.layers))
        weights = {name: decode_tensor(tensor) for name, tensor in packed.items()}
        graph = dataclasses.replace(self.graph, model=restore_weights(self._skeleton, weights))
        return HeadSource(graph, cut, packed, plan.activation_codes, self.transforms(cut.boundary))

    def transforms(self, boundary: Collection[str]) -> dict[str, ChannelTransform]:
        """The transforms of tensors that cross, by name. Raises BundleError."""
        return {name: each for name, each in self._transforms.items() if each.tensor in boundary}

    @functools.cached_property
    def _transforms(self) -> dict[str, ChannelTransform]:
        every: dict[str, ChannelTransform] = {}
        for bundle in self.bundles.by_cloud.values():
            every |= bundle.transforms()
        for name, transform in every.items():
            shape = (
                self.graph.tensors[transform.tensor].shape if transform.tensor in self.graph.tensors else ()
            )
            if shape[1:2] != (transform.channels,) or shape[:1] != (1,):
                raise BundleError(f"transform {name} is of no tensor of {self.graph.name}")
        return every

    def _weight_bits(self, bundle: Bundle, plan: Plan, layers: tuple[int, ...]) -> dict[str, int]:
        packed = bundle.manifest.weights
        bits: dict[str, int] = {}
        for layer in (self.graph.layers[index] for index in layers):
            for name in packed.keys() & set(layer.weights):
                # Layers that share an initialiser get the most bits that any of them asks for.
                bits[name] = max(bits.get(name, 0), plan.weight_bits.get(layer.name, FLOAT_BITS))
        return bits
