"""Settings of the cloud tier on this machine (pydantic)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from evosplit.cloud.app_settings import AppSettings
from evosplit.cloud.cluster_address import ClusterAddress, cluster_address
from evosplit.cloud.repository.model_source import is_bucket
from evosplit.shared.config.fields import option
from evosplit.shared.measurement_store import cache_folder
from evosplit.shared.security.tls import ServerFiles, server_files


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
        own["data"] = self.data.absolute()
        own["models"] = self.models if is_bucket(self.models) else Path(self.models).absolute()
        own["token_file"] = self.token_file and self.token_file.absolute()
        return AppSettings(**own)
