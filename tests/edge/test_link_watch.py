"""A network's login page, or a proxy, that answers in the cloud's place: never taken for the cloud."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from edge_support import picture, stage, until
from fake_cloud import TOKEN, FakeCloud
from net_bundle import load_net, net_card

from evosplit.edge.link.cloud_link import CloudLink
from evosplit.edge.link.link_state import LinkState
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.link.uplink import Uplink
from evosplit.edge.link.watch import LinkWatch
from evosplit.shared.errors import CloudUnavailableError, NotOurCloudError
from evosplit.shared.link import Link, LinkEstimate

HTML = "text/html"
JSON = "application/json"
BINARY = "application/octet-stream"
PAGES = [
    (200, HTML, b"<html>please log in</html>"),
    (302, HTML, b""),
    (401, HTML, b"<html>who are you?</html>"),
    (404, HTML, b"<html>nothing here</html>"),
    (407, HTML, b"<html>proxy authentication</html>"),
    (409, HTML, b"<html>conflict</html>"),
    (502, HTML, b"<html>bad gateway</html>"),
    (511, HTML, b"<html>network authentication</html>"),
    (200, JSON, b'{"login": "http://portal/"}'),
    (200, JSON, b'"ok"'),
    (200, JSON, b"<html>not even JSON</html>"),
    (200, BINARY, b"without our header"),
    (503, JSON, b'{"status": "down"}'),
]


class Scene:
    def __init__(self, cloud: FakeCloud, session: aiohttp.ClientSession, url: str) -> None:
        self.cloud = cloud
        self.link = CloudLink(Uplink(session, url, "net", TOKEN), LinkState(Link(1e7)), 2.0)
        self.watch = LinkWatch(self.link, 1.0)


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    graph = load_net(tmp_path)
    cloud = FakeCloud(graph, net_card(graph))
    server = TestServer(cloud.app())
    await server.start_server()
    async with cloud_session() as session:
        yield Scene(cloud, session, str(server.make_url("")))
    await server.close()


@pytest.mark.parametrize("page", PAGES)
async def test_it_opens_the_circuit_teaches_nothing_and_is_hung_up_on(
    scene: Scene, page: tuple[int, str, bytes]
) -> None:
    scene.cloud.page = page
    with pytest.raises(NotOurCloudError, match="no answer of an EvoSplit cloud"):
        await scene.link.infer("evosplit_frame", b"frame", 0.0)
    assert scene.link.circuit.is_open
    for _ in range(3):
        scene.link.circuit.probe_at_s = 0.0  # due
        assert await scene.watch.look()
        assert scene.link.circuit.is_open
    assert scene.link.estimate == LinkEstimate()
    assert len(set(scene.cloud.ports)) == len(scene.cloud.ports) == 4


async def test_a_page_that_comes_between_two_probes_of_one_look(scene: Scene) -> None:
    """The empty probe reached the cloud, the payload behind it did not."""
    probe = scene.link.probe

    async def probe_and_lose_the_way(size_bytes: int) -> None:
        await probe(size_bytes)
        scene.cloud.page = PAGES[0]

    scene.link.probe = probe_and_lose_the_way  # type: ignore[method-assign]
    await scene.watch.look()
    assert scene.link.circuit.is_open
    assert (scene.link.estimate.samples, len(scene.link.estimate.pings)) == (0, 1)


@pytest.mark.parametrize("body", [b"{}", b'{"name": "evosplit"}'])
async def test_clouds_old_and_new_are_known_by_their_answer_to_a_probe(scene: Scene, body: bytes) -> None:
    scene.link.circuit.silent(0.0)
    scene.cloud.page = (200, JSON, body)
    assert await scene.watch.look()
    assert not scene.link.circuit.is_open
    assert len(set(scene.cloud.ports)) == 1


async def test_errors_of_the_cloud_itself_keep_the_connection(scene: Scene) -> None:
    scene.cloud.page = (500, JSON, b'{"error": "out of order"}')
    for _ in range(2):
        with pytest.raises(Exception, match="the cloud answered 500: out of order"):
            await scene.link.infer("evosplit_frame", b"frame", 0.0)
    assert not scene.link.circuit.is_open
    assert len(set(scene.cloud.ports)) == 1


async def test_an_agent_behind_a_login_page_answers_alone_until_the_user_has_logged_in(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        on.cloud.page = PAGES[0]
        await until(lambda: on.agent.cloud.circuit.is_open)
        samples = on.agent.cloud.estimate.samples
        for seed in range(3):
            status, answer = await on.post(picture(seed))
            assert (status, answer["answered_by"]) in ((200, "edge-fallback"), (200, "edge"))
        assert (await on.get("/v1/plan"))[1]["cloud"] == "away"
        assert on.agent.cloud.estimate.samples == samples
        with pytest.raises(CloudUnavailableError):
            await on.agent.cloud.infer("evosplit_frame", b"frame", 0.0)
        on.cloud.page = None
        await until(lambda: not on.agent.cloud.circuit.is_open)
