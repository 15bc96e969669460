"""The parts of one edge agent, built complete by `evosplit.edge.composition`; the API reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evosplit.edge.audits.plan_audits import PlanAudits
from evosplit.edge.background.supervisor import Supervisor, Work
from evosplit.edge.calibration.live_calibration import LiveCalibration
from evosplit.edge.head.bundle_set import BundleSet
from evosplit.edge.link.cloud_link import CloudLink
from evosplit.edge.pipeline.clouds import Clouds
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.intake import FrameIntake
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.previews.previews import Previews
from evosplit.edge.results.decision_file import DecisionFile
from evosplit.edge.results.spool import Spool
from evosplit.edge.results.store import Store
from evosplit.edge.sinks.delivery import SinkDelivery
from evosplit.edge.sinks.event import Node
from evosplit.edge.sources.sources import Sources
from evosplit.edge.telemetry.metrics import Metrics
from evosplit.edge.telemetry.prediction_record import PredictionRecord
from evosplit.edge.telemetry.runtime_profile import RuntimeProfile
from evosplit.edge.telemetry.savings_record import SavingsRecord
from evosplit.shared.tracing.export import SpanExport

if TYPE_CHECKING:
    from evosplit.edge.hook_learning.manager import HookManager


@dataclass(frozen=True, eq=False)
class Agent:
    """One agent: ``frames`` takes what clients send, ``engine`` answers it under ``plans``.

    ``background`` runs the ``tasks``, ``sources`` give frames without a client, ``previews`` show what frames
    showed,
    ``sinks`` send results away under the name of ``node``.

    ``hook_manager``, ``calibration``, ``plan_audits``, ``spool``, ``decision_log``, ``span_export``: None
    where the settings leave them out.
    """

    bundle: BundleSet
    frames: FrameIntake
    engine: Engine
    plans: CurrentPlan
    clouds: Clouds
    store: Store
    metrics: Metrics
    profile: RuntimeProfile
    savings: SavingsRecord
    predictions: PredictionRecord
    background: Supervisor
    tasks: Mapping[str, Work]
    sources: Sources
    previews: Previews
    node: Node
    sinks: tuple[SinkDelivery, ...] = ()
    hook_manager: HookManager | None = None
    calibration: LiveCalibration | None = None
    plan_audits: PlanAudits | None = None
    spool: Spool | None = None
    decision_log: DecisionFile | None = None
    span_export: SpanExport | None = None

    @property
    def cloud(self) -> CloudLink:
        """The link to the first cloud."""
        return self.clouds.first.link
