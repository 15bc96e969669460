"""Settings of the application that the cloud tier serves (pydantic)."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from evosplit.cloud.repository.model_source import ModelSource, model_source
from evosplit.cloud.storage.store import OBJECTS_VARIABLE, RECORDS_VARIABLE, StorePlaces
from evosplit.shared.config.fields import SECRET, Duration, Size, option
from evosplit.shared.fleet.heartbeat import INTERVAL_S
from evosplit.shared.token import given_token, stored_token


class AppSettings(BaseModel):
    """The application's settings: the arguments of ``evosplit.cloud.app:build``, also in a Serve YAML file.

    ``models`` is the folder, or the bucket (``s3://``), of NAME.onnx, NAME.yaml (card), NAME.shape.yaml
    and NAME.calibration.
    ``shapes`` pin dynamic dimensions, by model and input. ``data`` keeps bundles, profiles, error tables
    and a generated token; plans, fleet and results are elsewhere with ``records`` (``postgresql://``,
    ``EVOSPLIT_RECORDS``), bundles, profiles and the like with ``objects`` (``s3://``,
    ``EVOSPLIT_OBJECTS``). ``threads`` of ONNX Runtime per inference, 0 for all cores; ``workers``
    inferences run at a time. Edges say how they are every ``heartbeat_s``; of the results that they send,
    the last ``keep_results`` stay. A body larger than ``max_body_bytes`` is refused. What is kept of
    streams takes at most ``stream_bytes``, and ends with ``stream_lifetime_s`` without a frame. There are
    ``min_replicas`` to ``max_replicas`` of the application, by how many requests wait (Ray Serve): one more
    where that has been too many for ``upscale_delay_s``, one less after ``downscale_delay_s`` of too few;
    at most ``replicas_per_node`` on a node, as many as its processors allow where that is None. One with a
    share in a GPU (``num_gpus``) computes there as far as ONNX Runtime can: TensorRT, else CUDA, else the
    CPU. Models whose files take more than ``model_bytes`` together are not all in memory. A replica that
    ends answers what it has accepted for up to ``drain_s``. Of its requests, ``trace_ratio`` are traced
    where there is a collector for ``traces`` and their senders do not say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: str = option(
        ...,
        "--models",
        "Folder or bucket of ONNX files; a model's name is its file's stem.",
        metavar="FOLDER|s3://BUCKET/PREFIX",
    )
    data: Path
    records: SecretStr | None = option(
        None,
        "--records",
        "Keep plans, fleet and results in this database; also EVOSPLIT_RECORDS. [default: in --data]",
        metavar="postgresql://USER@HOST/NAME",
    )
    objects: str | None = option(
        None,
        "--objects",
        "Keep bundles, profiles and calibration inputs in this bucket; also EVOSPLIT_OBJECTS."
        " [default: in --data]",
        metavar="s3://BUCKET/PREFIX",
    )
    shapes: dict[str, dict[str, tuple[int, ...]]] = Field(
        {},
        description="Sizes of inputs with dynamic dimensions, as in {net: {x: [1, 3, 640, 640]}}.",
    )
    token: SecretStr | None = Field(None, json_schema_extra=SECRET)
    token_file: Path | None = Field(None, description="File that holds the bearer token.")
    threads: int = option(0, "--threads", "Threads of ONNX Runtime; 0: all cores.", ge=0)
    workers: int = Field(2, ge=1, description="Inferences at a time.")
    min_replicas: int = option(1, "--min-replicas", "Fewest replicas.", ge=1)
    max_replicas: int = option(
        1, "--replicas", "Most replicas; Ray Serve starts them as the queue asks for.", ge=1
    )
    upscale_delay_s: Duration = Field(
        30.0, ge=0, description="More replicas once requests have waited for so long."
    )
    downscale_delay_s: Duration = Field(
        600.0, ge=0, description="Fewer replicas once they have not been needed for so long."
    )
    replicas_per_node: int | None = option(None, "--replicas-per-node", "Most replicas on one node.", ge=1)
    num_gpus: float = option(0.0, "--gpus", "GPUs of a replica.", ge=0)
    tail_cache_bytes: Size = Field(10**9, ge=0, description="Memory for tails that are kept ready.")
    model_bytes: Size = option(
        4 * 10**9, "--model-memory", "Most bytes of models in memory; more are read when somebody asks.", ge=0
    )
    drain_s: Duration = option(
        30.0, "--drain", "Answer what was accepted for so long when stopped.", metavar="duration", ge=0
    )
    stream_bytes: Size = Field(256 * 10**6, ge=0, description="Memory for what is kept of streams.")
    stream_lifetime_s: Duration = Field(
        300.0, gt=0, description="A stream ends after so long without a frame."
    )
    max_body_bytes: Size = Field(64 * 10**6, ge=1, description="Largest request that is accepted.")
    body_timeout_s: Duration = Field(120.0, gt=0, description="A request's body must be here within so long.")
    infer_timeout_s: Duration = Field(60.0, gt=0, description="One inference may take so long.")
    plan_timeout_s: Duration = Field(900.0, gt=0, description="One request for plans may take so long.")
    heartbeat_s: Duration = option(
        INTERVAL_S, "--heartbeat", "How often edges say how they are.", metavar="duration", ge=1, le=3600
    )
    keep_results: int = option(
        1_000_000, "--keep-results", "Results of edges that are kept, the newest.", ge=0
    )

    traces: str | None = option(
        None,
        "--traces",
        "Send traces (OpenTelemetry) to this collector by OTLP over HTTP, as in http://collector:4318.",
        metavar="url",
    )
    trace_ratio: float = option(
        1.0, "--trace-ratio", "Share of traces that is sent, where a client does not say.", ge=0, le=1
    )

    @field_validator("models", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, Path) else value

    def open_models(self) -> ModelSource:
        """Where the models are. Raises UsageError, MissingExtraError, StoreError."""
        return model_source(self.models, self.data.absolute())

    @property
    def store_places(self) -> StorePlaces:
        """Where the store is: as given, in the environment, or in the data folder."""
        given = os.environ.get(RECORDS_VARIABLE) if self.records is None else self.records.get_secret_value()
        objects = self.objects or os.environ.get(OBJECTS_VARIABLE)
        return StorePlaces(self.data.absolute(), given or None, objects or None)

    @property
    def session_threads(self) -> int:
        """Threads of one ONNX Runtime session."""
        return self.threads or len(os.sched_getaffinity(0))

    def with_token(self) -> tuple[AppSettings, Path | None]:
        """The same with the bearer token in place, and where it is stored unless it was given.

        Looks at ``token``, the token file, ``EVOSPLIT_TOKEN``, then ``data/token``, which is generated on
        first use. Raises UsageError.
        """
        if self.token is not None:
            return self, None
        given, place = given_token(self.token_file), None
        if given is None:
            place = self.data / "token"
            given, _ = stored_token(place)
        return self.model_copy(update={"token": SecretStr(given)}), place
