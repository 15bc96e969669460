"""Composition root of one replica: its services, built from its settings and warmed up."""

from __future__ import annotations

import functools
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Final

import numpy as np

from evosplit.cloud.app_settings import AppSettings
from evosplit.cloud.bundle_signer import BundleSigner
from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.fleet.fleet import Fleet
from evosplit.cloud.fleet.fleet_results import FleetResults
from evosplit.cloud.inference import Inference
from evosplit.cloud.plan_service import PlanService
from evosplit.cloud.planning_process import PlanningProcess
from evosplit.cloud.registry import Model, Registry, open_registry
from evosplit.cloud.repository.canary import CanaryWatch
from evosplit.cloud.repository.file_states import FileStates
from evosplit.cloud.repository.trial_reports import TrialReports
from evosplit.cloud.repository.version_store import VersionStore
from evosplit.cloud.repository.watch import RepositoryWatch
from evosplit.cloud.restoration_learner import RestorationLearner
from evosplit.cloud.restorations import Restorations
from evosplit.cloud.services import Services
from evosplit.cloud.stream_state import StreamStore
from evosplit.cloud.tail_builder import TailBuilder
from evosplit.cloud.tail_cache import TailCache
from evosplit.cloud.tail_warming import TailWarmer
from evosplit.cloud.telemetry.metrics import ReplicaMetrics
from evosplit.cloud.telemetry.request_traces import request_traces
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.warm import warm_entropy_coding
from evosplit.shared.graph import prefix_cut
from evosplit.shared.oip import FRAME_INPUT, InferRequest, blob_tensor, build_request
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from evosplit.shared.providers import gpu_provider
from evosplit.shared.wire import Frame, encode_frame
from evosplit.shared.wire.frame import AFFINE_BITS
from evosplit.shared.worker_threads import WorkerThreads

RECENT_TABLES: Final = 32
"""Tables handed out before a start whose tails are built again, the latest first ..."""
START_LIMIT_S: Final = 10.0
"""... for so long before the cloud is ready, and the rest after that."""
_LOG: Final = logging.getLogger("evosplit.cloud")


def make_services(settings: AppSettings) -> Services:
    """Load the models, warm every one up, and start the threads. Raises UsageError or ModelError."""
    source = settings.open_models()
    states = FileStates(source)
    taken = states.first()
    registry = open_registry(source, settings.shapes, settings.model_bytes)
    for name, problem in registry.broken.items():
        _LOG.warning("model %s is not served: %s", name, problem)
    versions, trials = VersionStore(settings.data), TrialReports(settings.data)
    registry.follow(versions.settle(registry.catalogue))
    streams = StreamStore(settings.stream_bytes, settings.stream_lifetime_s)
    store = settings.store_places.open()
    restorations = Restorations(store.objects)
    builder = TailBuilder(settings.session_threads, gpu_provider() if settings.num_gpus else "cpu")
    tails = TailCache(settings.tail_cache_bytes)
    make_plane = functools.partial(DataPlane, registry, tails, builder, streams, restorations.networks)
    _warm_up(make_plane(), registry)  # with metrics of its own: what nobody asked for is not counted
    plane = make_plane(ReplicaMetrics(version=version("evosplit")))
    planning = PlanningProcess(settings.store_places, settings.session_threads, settings.shapes)
    learner = RestorationLearner(ThreadPoolExecutor(1, "learn"), planning.learn)
    plans = PlanService(store, planning, learner.notice)
    warmer = TailWarmer(plane)
    warmer.warm(plans.recent(RECENT_TABLES), START_LIMIT_S)
    canary = CanaryWatch(registry, plane, versions, trials)
    watch = RepositoryWatch(states, taken, registry, versions, plane.warm, plane.forget, canary.keep)
    watch.start()
    return Services(
        settings=settings,
        registry=registry,
        plane=plane,
        plans=plans,
        warmer=warmer,
        signer=BundleSigner(settings.data, store.records),
        fleet=Fleet(store.records, plans.bundles, settings.heartbeat_s),
        results=FleetResults(store.records, settings.keep_results),
        inference=Inference(plane, settings.workers, settings.infer_timeout_s),
        pool=WorkerThreads(1, "other"),
        plan_pool=WorkerThreads(1, "plan"),
        versions=versions,
        trials=trials,
        canary=canary,
        watch=watch,
        traces=request_traces(settings.traces, settings.trace_ratio),
    )


def _warm_up(plane: DataPlane, registry: Registry) -> None:
    """Compile the decoders of every bit-width and run every model once, before the first request."""
    ramp = np.linspace(-1, 1, 64, dtype=np.float32).reshape(1, 4, 4, 4)
    for bits in (*AFFINE_BITS, FLOAT_BITS):
        decode_tensor(encode_tensor("x", ramp, TensorCode(bits)))
    warm_entropy_coding()
    for entry in registry.catalogue.served.values():
        model = registry.loaded.held(entry)
        if model is not None:  # the others are read and run when somebody asks for them
            plane.warm(model)
            version = entry.key.version
            plane.answer(model.name, Call(*_frame_of_zeros(model), time.perf_counter(), version))


def _frame_of_zeros(model: Model) -> tuple[bytes, int | None]:
    """Body and header length of a request with a frame in it: the first one of all takes twice as long."""
    cut = prefix_cut(model.graph, 0)
    described = (model.graph.tensors[name] for name in cut.boundary)
    tensors = tuple(
        encode_tensor(item.name, np.zeros(item.shape, item.dtype), TensorCode(FLOAT_BITS))
        for item in described
    )
    content = encode_frame(Frame("warm-up", model.graph.sha256, cut.key, tensors))
    return build_request(InferRequest((blob_tensor(FRAME_INPUT, content),), binary_default=True))
