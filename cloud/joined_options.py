"""Options of a cloud that joins a Ray cluster of others: what cannot hold there is refused, not left out."""

from __future__ import annotations

from evosplit.cloud.listen_address import is_loopback
from evosplit.cloud.settings import CloudSettings
from evosplit.shared.errors import UsageError


def check_joined(settings: CloudSettings) -> None:
    """Ray Serve listens itself there, and can neither TLS nor limits. Raises UsageError."""
    given = {
        "--tls-cert": settings.tls_cert,
        "--tls-key": settings.tls_key,
        "--client-ca": settings.client_ca,
        "--grpc-port": settings.grpc_port,
        "--cluster": settings.cluster,
        "--cluster-secret": settings.cluster_secret,
    }
    for option, value in given.items():
        if value is not None:
            raise UsageError(f"{option} is not for a cloud with --address: use --cluster instead")
    if not is_loopback(settings.host) and not settings.behind_proxy:
        raise UsageError(
            "Ray Serve listens itself in a cluster of others, without TLS or limits on slow clients: "
            "put a proxy that has them in front and say --behind-proxy, or use --cluster instead of --address"
        )
