"""Fleet service: hears heartbeats, says who is there, and rolls bundles out; its state is in the records."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from typing import Final

from evosplit.cloud.bundle_store import BundleStore
from evosplit.cloud.fleet.edge_plans import OwnPlans, asked_digest, fits
from evosplit.cloud.fleet.edge_record import EdgeRecord, News, news
from evosplit.cloud.fleet.model_rollout import OWN_PLANS, ModelRollout
from evosplit.cloud.plan_service import PlanAnswer, PlanRequest
from evosplit.cloud.registry import Model
from evosplit.cloud.storage.records import Records, Transaction
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import UsageError
from evosplit.shared.fleet.agent_identity import edge_name
from evosplit.shared.fleet.heartbeat import INTERVAL_S, Heartbeat, HeartbeatAnswer

FORGET_S: Final = 30 * 86_400.0
"""An edge that was not heard of for so long is no longer listed."""
_LOG: Final = logging.getLogger("evosplit.cloud")


class Fleet:
    """For several threads and replicas. Every method raises StoreError."""

    def __init__(self, records: Records, bundles: BundleStore, interval_s: float = INTERVAL_S) -> None:
        self.interval_s = interval_s
        self._records = records
        self._bundles = bundles

    def hear(self, model: Model, holder: str | None, beat: Heartbeat) -> HeartbeatAnswer:
        """Keep a heartbeat, and judge the roll-out by it. Raises UsageError for a name that is none."""
        name = edge_name(holder, beat.name or beat.agent)
        key = _key(model.name, name, beat.agent)
        with self._records.changing() as records:
            before, state = records.get(EdgeRecord, key), _state(records, model.name)
            if before is not None and before.is_known(beat):
                return self._answer(state, before)
            now_s = records.now_s
            fresh = before or EdgeRecord(name, model.name, beat, now_s, now_s)
            record = fresh.seen(name, beat, now_s)
            told = news(None if before is None else before.heartbeat, beat)
            judged = _heard(state, before, beat, told)
            if judged != state:
                records.put(model.name, judged)
            records.put(key, record)
        if state.rollout.candidate is not None and judged.rollout.candidate is None:
            _LOG.warning("%s: bundle %s is rolled back: %s", model.name, *_last_rejected(judged))
        return self._answer(judged, record)

    def edges(self) -> list[EdgeRecord]:
        """Those heard of, by model and name; those long gone are dropped."""
        with self._records.changing() as records:
            kept = []
            for key, record in records.all(EdgeRecord):
                if records.now_s - record.last_seen_s > FORGET_S:
                    records.drop(EdgeRecord, key)
                else:
                    kept.append(record)
        return sorted(kept, key=lambda record: (record.model, record.name, record.heartbeat.agent))

    def rollouts(self) -> dict[str, ModelRollout]:
        """By model, where there was ever one."""
        with self._records.reading() as records:
            return dict(sorted(records.all(ModelRollout)))

    def assigned(
        self, model: Model, holder: str | None, said: str | None, request: PlanRequest
    ) -> PlanAnswer | None:
        """What an edge gets that asks for plans, where it is there already; None where plans are to be made.

        That is the bundle that was rolled out to it, if it fits what the request allows; or its own from
        before a roll-out that was taken back. Raises UsageError.
        """
        if said is None:
            return None  # of an older version, or no edge at all
        name = edge_name(holder, said)
        with self._records.changing() as records:
            state, own = _state(records, model.name), records.get(OwnPlans, f"{model.name}/{name}")
            bundle = state.assigned(name) if state.model_sha256 == model.graph.sha256 else OWN_PLANS
            offered = records.get(PlanAnswer, _bundle_key(bundle)) if bundle != OWN_PLANS else None
            if offered is not None and fits(model.graph, offered.table, request):
                if own is not None:
                    records.put(f"{model.name}/{name}", dataclasses.replace(own, is_left=True))
                return offered
            if offered is not None:
                _exempt(records, model.name, name, bundle)
            if own is None or not own.is_left or own.asked != asked_digest(request):
                return None
            records.put(f"{model.name}/{name}", dataclasses.replace(own, is_left=False))
            return records.get(PlanAnswer, _bundle_key(own.bundle))

    def keep_own(
        self, model: Model, holder: str | None, said: str | None, request: PlanRequest, answer: PlanAnswer
    ) -> None:
        """Remember the plans that were made for an edge."""
        if said is not None:
            with self._records.changing() as records:
                own = OwnPlans(asked_digest(request), answer.bundle)
                records.put(f"{model.name}/{edge_name(holder, said)}", own)
                records.put(_bundle_key(answer.bundle), answer)

    def begin(
        self, model: Model, bundle: Bundle, share: float, least_agreement: float | None
    ) -> ModelRollout:
        """Offer a bundle that is in the store to a share of the edges. Raises UsageError."""
        if bundle.manifest.model_sha256 != model.graph.sha256:
            raise UsageError(f"the bundle is of another model or version than {model.name} is here")
        watched = _least_agreement(bundle, least_agreement)
        with self._records.changing() as records:
            sha256, now_s = model.graph.sha256, records.now_s
            state = _state(records, model.name).begun(bundle.digest, sha256, share, watched, now_s)
            records.put(_bundle_key(bundle.digest), PlanAnswer(bundle.digest, bundle.manifest.table))
            records.put(model.name, state)
        return state

    def promote(self, model: str) -> ModelRollout:
        """Give the candidate to all. Raises UsageError."""
        return self._change(model, lambda state: state.promoted())

    def roll_back(self, model: str, reason: str) -> ModelRollout:
        """Take the candidate back, or what was promoted. Raises UsageError."""
        return self._change(model, lambda state: state.rolled_back(reason))

    def _change(self, model: str, change: Callable[[ModelRollout], ModelRollout]) -> ModelRollout:
        with self._records.changing() as records:
            state = change(_state(records, model))
            records.put(model, state)
        return state

    def _answer(self, state: ModelRollout, record: EdgeRecord) -> HeartbeatAnswer:
        reason = state.reason_to_renew(record.name, record.heartbeat.bundle, record.exempt)
        bundle = state.assigned(record.name, record.exempt)
        return HeartbeatAnswer(record.name, self.interval_s, reason, bundle)


def _heard(state: ModelRollout, before: EdgeRecord | None, beat: Heartbeat, told: News) -> ModelRollout:
    """A refusal counts once, whatever the edge answered meanwhile."""
    is_new = bool(beat.refused) and (before is None or before.heartbeat.refused != beat.refused)
    refused = is_new and beat.refused == state.rollout.candidate
    return state.heard(beat.bundle, told, refused)


def _exempt(records: Transaction, model: str, name: str, bundle: str) -> None:
    """Edges of that name keep their own plans as long as this bundle is rolled out."""
    for key, record in records.all(EdgeRecord):
        if record.model == model and record.name == name:
            records.put(key, dataclasses.replace(record, exempt=bundle))


def _least_agreement(bundle: Bundle, asked: float | None) -> float:
    promised = bundle.manifest.max_drop
    if promised is None:
        raise UsageError(
            "the bundle promises no agreement, so edges would not watch it: plan with a --max-drop"
        )
    return 1 - promised if asked is None else asked


def _state(records: Transaction, model: str) -> ModelRollout:
    return records.get(ModelRollout, model) or ModelRollout()


def _last_rejected(state: ModelRollout) -> tuple[str, str]:
    digest, reason = state.rollout.rejected[-1]
    return digest[:12], reason


def _key(model: str, name: str, agent: str) -> str:
    return f"{model}/{name}#{agent}"


def _bundle_key(digest: str) -> str:
    return f"bundle {digest}"
