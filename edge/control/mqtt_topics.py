"""Topics of MQTT control: what is set, under which name, and the states that say how it is then."""

from __future__ import annotations

import json
from dataclasses import dataclass

from evosplit.edge.control.plan_choice import choose_plan, plan_choice
from evosplit.edge.control.region import region_state, set_region
from evosplit.edge.control.served import Served
from evosplit.edge.control.source_change import set_source, source_states
from evosplit.edge.sinks.mqtt_message import Message
from evosplit.edge.sinks.mqtt_native import OFFLINE, ONLINE, NativeTopics
from evosplit.shared.errors import NotFoundError


@dataclass(frozen=True)
class ControlTopics:
    """``plan``, ``region`` and ``sources/{name}``, each with ``/set`` and ``/state`` (retained)."""

    native: NativeTopics

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Filters of everything that is set."""
        base = self.native.base
        return (f"{base}/plan/set", f"{base}/region/set", f"{base}/sources/+/set")

    def status(self, is_online: bool) -> Message:
        """Whether topics are listened to; retained, and the last will."""
        said = ONLINE if is_online else OFFLINE
        return Message(f"{self.native.base}/control/status", said, retain=True)

    def error(self, topic: str, error: str) -> Message:
        """What was refused, and why."""
        said = {"topic": topic, "error": error}
        return Message(f"{self.native.base}/control/error", json.dumps(said).encode())

    async def set(self, served: Served, topic: str, content: bytes) -> None:
        """Do what came to a topic. Raises EvoSplitError, and all is as before."""
        match topic.removeprefix(f"{self.native.base}/").split("/"):
            case ["plan", "set"]:
                await choose_plan(served.agent.plans, content)
            case ["region", "set"]:
                await set_region(served, content)
            case ["sources", name, "set"]:
                await set_source(served.agent.sources, name, content)
            case _:
                raise NotFoundError(f"nothing is set by the topic {topic[:200]!r}")

    def states(self, served: Served) -> dict[str, bytes]:
        """Every state by its topic."""
        base, plans = self.native.base, served.agent.plans
        used = None if plans.plan is None else {"plan": plans.plan.digest, "cut": plans.plan.cut_key}
        sources = source_states(served.agent.sources)
        return {
            f"{base}/plan/state": json.dumps({**plan_choice(plans), "in_use": used}).encode(),
            f"{base}/region/state": json.dumps(region_state(served)).encode(),
            **{f"{base}/sources/{name}/state": state for name, state in sources.items()},
        }
