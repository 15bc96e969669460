"""Settings of the server that an agent is: address, certificates, bounds of requests, traces."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, model_validator

from evosplit.shared.config.fields import Size
from evosplit.shared.config.fields import option as _option
from evosplit.shared.security.tls import ServerFiles, server_files


class Serving(BaseModel):
    """Where an agent listens, whom it serves, and how much at once."""

    host: str = _option("127.0.0.1", "--host", "Address to listen on.")
    port: int = _option(9000, "--port", "Port to listen on.", ge=0, le=65535)
    tls_cert: Path | None = _option(None, "--tls-cert", "Serve HTTPS with this certificate (PEM).")
    tls_key: Path | None = _option(None, "--tls-key", "The key of --tls-cert.")
    client_ca: Path | None = _option(
        None, "--client-ca", "Serve only clients with a certificate of this authority."
    )
    max_in_flight: int = Field(64, ge=1, description="Frames under way at once; more are refused.")
    max_body_bytes: Size = Field(64 * 10**6, description="Largest request that is accepted.")
    traces: str | None = _option(
        None,
        "--traces",
        "Send traces (OpenTelemetry) to this collector by OTLP over HTTP, as in http://collector:4318.",
        metavar="url",
    )
    trace_ratio: float = _option(
        1.0, "--trace-ratio", "Share of traces that is sent, where a client does not say.", ge=0, le=1
    )

    @model_validator(mode="after")
    def _check_certificates(self) -> Serving:
        server_files(self.tls_cert, self.tls_key, self.client_ca)
        return self

    @property
    def server_tls(self) -> ServerFiles | None:
        """The files of an agent that serves HTTPS."""
        return server_files(self.tls_cert, self.tls_key, self.client_ca)
