"""Bundles of one network, one from each cloud, behind one manifest."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from evosplit.shared.bundle import Bundle, Manifest
from evosplit.shared.joined_tables import joined
from evosplit.shared.plan import Plan

_WORST_FIRST: Final = (None, "none", "card", "live")


@dataclass(frozen=True, eq=False)
class BundleSet:
    """By the cloud's address, the first cloud first; the bundle of an only cloud is under the name ""."""

    by_cloud: Mapping[str, Bundle]

    @property
    def first(self) -> Bundle:
        """The bundle of the first cloud that has made one."""
        return next(iter(self.by_cloud.values()))

    @functools.cached_property
    def manifest(self) -> Manifest:
        """The first one's, with the plans of all. It promises what each of them does.

        Raises BundleError for bundles of different networks.
        """
        manifests = {cloud: bundle.manifest for cloud, bundle in self.by_cloud.items()}
        drops = [manifest.max_drop for manifest in manifests.values()]
        return dataclasses.replace(
            self.first.manifest,
            table=joined({cloud: manifest.table for cloud, manifest in manifests.items()}),
            calibration=min((each.calibration for each in manifests.values()), key=_WORST_FIRST.index),
            max_drop=None if None in drops else max(drop for drop in drops if drop is not None),
        )

    def of(self, plan: Plan) -> Bundle:
        """The bundle with the weights of a plan: its cloud's, or the one whose table it is from."""
        if plan.cloud in self.by_cloud:
            return self.by_cloud[plan.cloud]
        return next((bundle for bundle in self.by_cloud.values() if _has(bundle, plan)), self.first)


def bundle_set(bundles: Bundle | BundleSet) -> BundleSet:
    """A bundle alone is that of an only cloud."""
    return bundles if isinstance(bundles, BundleSet) else BundleSet({"": bundles})


def _has(bundle: Bundle, plan: Plan) -> bool:
    table = bundle.manifest.table
    return plan == table.fallback or plan in table.plans
