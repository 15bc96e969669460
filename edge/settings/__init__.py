"""Settings of an edge agent by topic, and all of them in one."""

from evosplit.edge.settings.agent_settings import EdgeSettings
from evosplit.edge.settings.learning import KINDS, LEARNED

__all__ = ["KINDS", "LEARNED", "EdgeSettings"]
