"""Settings of the cloud tier (pydantic)."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from evosplit.cloud.cluster_address import ClusterAddress, cluster_address
from evosplit.cloud.storage.store import OBJECTS_VARIABLE, RECORDS_VARIABLE, StorePlaces
from evosplit.shared.config.fields import SECRET, Duration, Size, option
from evosplit.shared.fleet.heartbeat import INTERVAL_S
from evosplit.shared.measurement_store import cache_folder
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

    models: Path = option(
        ..., "--models", "Folder of ONNX files; a model's name is its file's stem.", metavar="folder"
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


class CloudSettings(AppSettings, BaseSettings):
    """The application, and the Ray Serve that carries it on this machine.

    ``temp`` is where Ray and HAProxy keep their sockets and logs while they run (a short path: a socket's
    name has at most 107 bytes); by default the system's folder for temporary files. With ``tls_cert`` and
    ``tls_key`` it serves HTTPS, with ``client_ca`` only to those with a certificate of that authority.
    What is not given is taken from the environment (``EVOSPLIT_CLOUD_PORT``).
    ``grpc_port`` is that of gRPC, None for none. ``cluster`` (HOST:PORT) is where workers join, who show the
    secret in the file ``cluster_secret``. ``address`` is that of a Ray cluster of others to join, HOST:PORT
    or ``auto``; without, Ray is started here. ``behind_proxy`` says that what has TLS and limits is in front.
    """

    model_config = SettingsConfigDict(
        env_prefix="EVOSPLIT_CLOUD_",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
    )

    data: Path = Field(
        default_factory=lambda: cache_folder() / "cloud", description="Folder for bundles and profiles."
    )
    host: str = option("127.0.0.1", "--host", "Address to listen on.")
    port: int = option(8000, "--port", "Port to listen on.", ge=1, le=65535)
    temp: Path | None = Field(None, description="Short path for sockets and logs of Ray and HAProxy.")
    cluster: str | None = option(
        None, "--cluster", "Let other nodes join here: evosplit worker.", metavar="HOST:PORT"
    )
    cluster_secret: Path | None = option(
        None, "--cluster-secret", "File with what the nodes of --cluster show each other."
    )
    address: str | None = option(
        None, "--address", "Join this Ray cluster instead of starting Ray here.", metavar="HOST:PORT|auto"
    )
    behind_proxy: bool = option(
        False, "--behind-proxy", "With --address: a proxy with TLS and limits is in front."
    )
    grpc_port: int | None = option(
        None, "--grpc-port", "Serve gRPC, too, at this port; TLS is the same.", ge=1, le=65535
    )
    tls_cert: Path | None = option(
        None, "--tls-cert", "Serve HTTPS with this certificate (PEM): evosplit certs."
    )
    tls_key: Path | None = option(None, "--tls-key", "The certificate's key.")
    client_ca: Path | None = option(
        None, "--client-ca", "Serve only clients with a certificate of this authority."
    )

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
