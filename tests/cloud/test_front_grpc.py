"""gRPC through the front end: with TLS, with clients' certificates; other services are refused."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from front_support import front

from evosplit.cloud.front.haproxy_config import PEER_HEADER
from evosplit.cloud.grpc_messages import message_class
from evosplit.cloud.grpc_service import METHODS, add_servicer
from evosplit.shared.security.tls import ClientFiles
from tests.certificates import Authority


class Servicer:
    """Answers with what it got: the peer that the front end saw, and the size of the input."""

    def __getattr__(self, name: str) -> Any:
        if name not in METHODS:
            raise AttributeError(name)
        return self._infer if name == "ModelInfer" else self._metadata

    @staticmethod
    def _metadata(_message: Any, context: Any) -> Any:
        peer = dict(context.invocation_metadata())[PEER_HEADER]
        return message_class("ServerMetadataResponse")(name=peer)

    @staticmethod
    def _infer(message: Any, _context: Any) -> Any:
        return message_class("ModelInferResponse")(id=str(len(message.raw_input_contents[0])))


@pytest.fixture(scope="module")
def replica() -> Iterator[int]:
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.max_receive_message_length", 64 * 10**6)])
    add_servicer(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None).wait()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "certs")


def credentials(files: ClientFiles) -> grpc.ChannelCredentials:
    content = [
        None if path is None else path.read_bytes() for path in (files.ca, files.key, files.certificate)
    ]
    return grpc.ssl_channel_credentials(*content)


def call(channel: grpc.Channel, name: str, path: str | None = None, **fields: object) -> Any:
    method = channel.unary_unary(
        path or f"/inference.GRPCInferenceService/{name}",
        request_serializer=message_class(f"{name}Request").SerializeToString,
        response_deserializer=message_class(f"{name}Response").FromString,
    )
    return method(message_class(f"{name}Request")(**fields), timeout=20, wait_for_ready=False)


def test_calls_pass_over_tls_with_the_address_of_the_client(
    replica: int, authority: Authority, tmp_path: Path
) -> None:
    with front(tmp_path / "front", authority.server(), replica) as running:
        target = f"localhost:{running.grpc_port}"
        with grpc.secure_channel(target, credentials(ClientFiles(authority.ca))) as channel:
            assert call(channel, "ServerMetadata").name == "127.0.0.1"
            large = [bytes(8 * 10**6)]
            assert call(channel, "ModelInfer", raw_input_contents=large).id == str(len(large[0]))
            with pytest.raises(grpc.RpcError) as refused:
                call(channel, "ServerMetadata", "/ray.serve.RayServeAPIService/ListApplications")
            assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
        stranger = credentials(ClientFiles(Authority(tmp_path / "other").ca))
        for channel in (grpc.secure_channel(target, stranger), grpc.insecure_channel(target)):
            with channel, pytest.raises(grpc.RpcError) as away:
                call(channel, "ServerMetadata")
            assert away.value.code() == grpc.StatusCode.UNAVAILABLE


def test_clients_show_a_certificate_where_one_is_asked_for(
    replica: int, authority: Authority, tmp_path: Path
) -> None:
    files = replace(authority.server(), client_ca=authority.ca)
    with front(tmp_path / "front", files, replica) as mutual:
        target = f"localhost:{mutual.grpc_port}"
        with grpc.secure_channel(target, credentials(authority.client())) as channel:
            assert call(channel, "ServerMetadata").name == "127.0.0.1"
        with (
            grpc.secure_channel(target, credentials(ClientFiles(authority.ca))) as channel,
            pytest.raises(grpc.RpcError) as refused,
        ):
            call(channel, "ServerMetadata")
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


def test_without_certificates_in_the_clear(replica: int, tmp_path: Path) -> None:
    with (
        front(tmp_path / "front", None, replica) as plain,
        grpc.insecure_channel(f"127.0.0.1:{plain.grpc_port}") as channel,
    ):
        assert call(channel, "ServerMetadata").name == "127.0.0.1"


def test_no_replica_is_unavailable(tmp_path: Path) -> None:
    with (
        front(tmp_path / "front", None) as plain,
        grpc.insecure_channel(f"127.0.0.1:{plain.grpc_port}") as channel,
        pytest.raises(grpc.RpcError) as away,
    ):
        call(channel, "ServerMetadata")
    assert away.value.code() == grpc.StatusCode.UNAVAILABLE
