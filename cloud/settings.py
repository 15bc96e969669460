"""Settings of the cloud tier (pydantic)."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from evosplit.cloud.cluster_address import ClusterAddress, cluster_address
from evosplit.cloud.storage.store import OBJECTS_VARIABLE, RECORDS_VARIABLE, StorePlaces
from evosplit.shared.fleet.heartbeat import INTERVAL_S
from evosplit.shared.security.tls import ServerFiles, server_files
from evosplit.shared.token import given_token, stored_token


class AppSettings(BaseModel):
    """The application's settings: the arguments of ``evosplit.cloud.app:build``, also in a Serve YAML file.

    ``models`` is the folder of NAME.onnx, NAME.yaml (card), NAME.shape.yaml and NAME.calibration.
    ``shapes`` pin dynamic dimensions, by model and input. ``data`` keeps bundles, profiles, error tables
    and a generated token; plans, fleet and results are elsewhere with ``records`` (``postgresql://``,
    ``EVOSPLIT_RECORDS``), bundles, profiles and the like with ``objects`` (``s3://``,
    ``EVOSPLIT_OBJECTS``). ``threads`` of ONNX Runtime per inference, 0 for all cores; ``workers``
    inferences run at a time. Edges say how they are every ``heartbeat_s``; of the results that they send,
    the last ``keep_results`` stay. A body larger than ``max_body_bytes`` is refused. What is kept of
    streams takes at most ``stream_bytes``, and ends with ``stream_lifetime_s`` without a frame. There are
    ``min_replicas`` to ``max_replicas`` of the application, by how many requests wait (Ray Serve), at most
    ``replicas_per_node`` on a node, as many as its processors allow where that is None. One with a share in
    a GPU (``num_gpus``) computes there as far as ONNX Runtime can: TensorRT, else CUDA, else the CPU.
    Models whose files take more than ``model_bytes`` together are not all in memory. A replica that ends
    answers what it has accepted for up to ``drain_s``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Path
    data: Path
    records: SecretStr | None = None
    objects: str | None = None
    shapes: dict[str, dict[str, tuple[int, ...]]] = {}
    token: SecretStr | None = None
    token_file: Path | None = None
    threads: int = Field(0, ge=0)
    workers: int = Field(2, ge=1)
    min_replicas: int = Field(1, ge=1)
    max_replicas: int = Field(1, ge=1)
    replicas_per_node: int | None = Field(None, ge=1)
    num_gpus: float = Field(0.0, ge=0)
    tail_cache_bytes: int = Field(10**9, ge=0)
    model_bytes: int = Field(4 * 10**9, ge=0)
    drain_s: float = Field(30.0, ge=0)
    stream_bytes: int = Field(256 * 10**6, ge=0)
    stream_lifetime_s: float = Field(300.0, gt=0)
    max_body_bytes: int = Field(64 * 10**6, ge=1)
    body_timeout_s: float = Field(120.0, gt=0)
    infer_timeout_s: float = Field(60.0, gt=0)
    plan_timeout_s: float = Field(900.0, gt=0)
    heartbeat_s: float = Field(INTERVAL_S, ge=1, le=3600)
    keep_results: int = Field(1_000_000, ge=0)

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


class CloudSettings(AppSettings):
    """The application, and the Ray Serve that carries it on this machine.

    ``temp`` is where Ray and HAProxy keep their sockets and logs while they run (a short path: a socket's
    name has at most 107 bytes); by default the system's folder for temporary files. With ``tls_cert`` and
    ``tls_key`` it serves HTTPS, with ``client_ca`` only to those with a certificate of that authority.
    ``grpc_port`` is that of gRPC, None for none. ``cluster`` (HOST:PORT) is where workers join, who show the
    secret in the file ``cluster_secret``. ``address`` is that of a Ray cluster of others to join, HOST:PORT
    or ``auto``; without, Ray is started here. ``behind_proxy`` says that what has TLS and limits is in front.
    """

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    temp: Path | None = None
    cluster: str | None = None
    cluster_secret: Path | None = None
    address: str | None = None
    behind_proxy: bool = False
    grpc_port: int | None = Field(None, ge=1, le=65535)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None

    @property
    def tls(self) -> ServerFiles | None:
        """The files for TLS, None for plain HTTP. Raises UsageError for half of them."""
        return server_files(self.tls_cert, self.tls_key, self.client_ca)

    @property
    def ports(self) -> tuple[int, ...]:
        """Where clients come in."""
        return (self.port,) if self.grpc_port is None else (self.port, self.grpc_port)

    @property
    def cluster_address(self) -> ClusterAddress | None:
        """Where workers join, None where no others do. Raises UsageError for half of it."""
        return cluster_address(self.cluster, self.cluster_secret)

    @property
    def app(self) -> AppSettings:
        """The part that the application gets; paths absolute, because Ray's workers have their own folder."""
        own = {name: getattr(self, name) for name in AppSettings.model_fields}
        own |= {name: own[name].absolute() for name in ("models", "data")}
        own["token_file"] = self.token_file and self.token_file.absolute()
        return AppSettings(**own)
