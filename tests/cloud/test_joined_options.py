"""Options that a cluster of others cannot keep are refused before anything is joined. No Ray here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evosplit.cloud.joined_options import check_joined
from evosplit.cloud.server import serve_cloud
from evosplit.cloud.settings import CloudSettings
from evosplit.shared.errors import UsageError


def settings(folder: Path, **more: Any) -> CloudSettings:
    return CloudSettings(models=folder, data=folder / "data", address="192.0.2.1:6379", **more)


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"tls_cert": Path("c"), "tls_key": Path("k")}, "--tls-cert"),
        ({"client_ca": Path("a")}, "--client-ca"),
        ({"grpc_port": 8001}, "--grpc-port"),
        ({"cluster": "head:6379", "cluster_secret": Path("s")}, "--cluster"),
    ],
)
def test_what_its_listening_side_cannot_do(tmp_path: Path, given: dict[str, Any], option: str) -> None:
    with pytest.raises(UsageError, match=f"^{option} is not for a cloud with --address"):
        serve_cloud(settings(tmp_path, **given))


def test_other_machines_only_behind_a_proxy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="without TLS or limits on slow clients") as refused:
        serve_cloud(settings(tmp_path, host="0.0.0.0"))  # noqa: S104
    assert "\n" not in str(refused.value)
    for accepted in ({"host": "0.0.0.0", "behind_proxy": True}, {"host": "127.0.0.1"}):  # noqa: S104
        check_joined(settings(tmp_path, **accepted))
