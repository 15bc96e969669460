"""Cache of the heads of a plan table: each built once, shared by plans that differ only in what they send."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence

from evosplit.edge.head.assemble import HeadOptions, assemble
from evosplit.edge.head.bundle_network import BundleNetwork
from evosplit.edge.head.bundle_set import BundleSet, bundle_set
from evosplit.edge.head.hook_placement import placed_hooks
from evosplit.edge.head.partition import available
from evosplit.edge.head.steps import Head
from evosplit.edge.hooks.hook import Hook
from evosplit.shared.bundle import Bundle, Manifest
from evosplit.shared.graph import Graph, parse_cut
from evosplit.shared.plan import HeadKey, Plan


class Heads:
    """Builds heads from bundles. `build` may be called from any thread; a head is built once.

    ``hooks`` and ``options`` are for heads that are built from then on; `renew` brings the others up to date.
    """

    def __init__(
        self, bundles: Bundle | BundleSet, options: HeadOptions | None = None, hooks: Sequence[Hook] = ()
    ) -> None:
        self._network = BundleNetwork(bundle_set(bundles))
        self._hooks = tuple(hooks)
        self._options = options or HeadOptions()
        self._built: dict[HeadKey, Head] = {}
        self._building = threading.Lock()

    @property
    def graph(self) -> Graph:
        """The network without its large weights."""
        return self._network.graph

    @property
    def bundle(self) -> str:
        """The digest of the bundle."""
        return self._network.digest

    @property
    def bundles(self) -> BundleSet:
        """What heads are built from."""
        return self._network.bundles

    @property
    def hooks(self) -> tuple[Hook, ...]:
        """What heads are built with, each where it has its place."""
        return self._hooks

    @property
    def options(self) -> HeadOptions:
        """How segments are made, and what is watched."""
        return self._options

    def change_hooks(self, hooks: Sequence[Hook]) -> None:
        """Build with these from now on."""
        self._hooks = tuple(hooks)

    def watch(self, tensors: Sequence[str]) -> None:
        """Hand out these tensors from now on."""
        self._options = dataclasses.replace(self._options, watched=tuple(tensors))

    def configure_like(self, other: Heads) -> tuple[tuple[Hook, ...], HeadOptions]:
        """Take another bundle's hooks and options, and say which."""
        self._hooks, self._options = other.hooks, other.options
        return self._hooks, self._options

    def ready(self, plan: Plan) -> Head | None:
        """The head of a plan if it is built already."""
        return self._built.get(plan.head_key)

    def built(self) -> tuple[Head, ...]:
        """Every head that is there."""
        return tuple(self._built.values())

    @property
    def manifest(self) -> Manifest:
        """What the bundle says of itself."""
        return self._network.manifest

    def inherit(self, before: Heads) -> None:
        """Take over what another bundle of the same network has built of this one's plans.

        The weights of a head follow from the network and its bits alone, so that such heads are the same, but
        for the transforms of what they send, which are this bundle's. Raises BundleError.
        """
        table = self.manifest.table
        plans = (*table.plans, *([table.fallback] if table.fallback else []))
        wanted = {plan.head_key for plan in plans}
        self._built.update({key: self._taken(head) for key, head in before._built.items() if key in wanted})

    def _taken(self, head: Head) -> Head:
        transforms = self._network.transforms(head.boundary)
        if transforms.keys() == head.transforms.keys():
            return head
        return dataclasses.replace(head, transforms=transforms)

    def build(self, plan: Plan) -> Head:
        """The head of a plan, built now if need be: seconds for a large one.

        Raises BundleError, ModelError.
        """
        with self._building:
            head = self._built.get(plan.head_key)
            if head is None:
                head = self._built[plan.head_key] = self._new(plan)
            return head

    def trial(self, plan: Plan, hooks: tuple[Hook, ...]) -> Head:
        """A head of its own with these hooks alone, without masks. Raises BundleError, ModelError."""
        with self._building:
            source = self._network.source(plan)
        return assemble(source, hooks, HeadOptions(self.options.providers))

    def renew(self, plan: Plan) -> bool:
        """Build a head that is there anew if the hooks have changed; the old one serves meanwhile.

        Whether it was built. Raises BundleError, ModelError.
        """
        with self._building:
            old = self._built.get(plan.head_key)
            if old is None or not self._is_stale(old, plan):
                return False
            self._built[plan.head_key] = self._new(plan, old)
            return True

    def _is_stale(self, head: Head, plan: Plan) -> bool:
        cut = parse_cut(self.graph, plan.cut_key)
        watched = set(self.options.watched) & available(self.graph, cut)
        return head.given != self.hooks_of(plan) or set(head.watched) != watched

    def hooks_of(self, plan: Plan) -> tuple[Hook, ...]:
        """Those of the hooks that have their place in a plan's head, and of the exits those it counts on."""
        placed = placed_hooks(self.graph, parse_cut(self.graph, plan.cut_key), self.hooks)
        wanted = plan.exits
        return tuple(hook for hook in placed if hook.kind != "exit" or wanted is None or hook.tap in wanted)

    def __len__(self) -> int:
        return len(self._built)

    def _new(self, plan: Plan, old: Head | None = None) -> Head:
        return assemble(self._network.source(plan), self.hooks_of(plan), self.options, old)
