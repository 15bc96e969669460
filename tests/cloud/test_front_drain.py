"""Draining by a real HAProxy: nothing new is taken, what was accepted is answered, clients are sent away."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from front_support import Application, Front, front

from evosplit.cloud.front.drain import drain
from evosplit.cloud.front.haproxy_config import APPLICATION
from evosplit.cloud.front.haproxy_files import front_config
from evosplit.cloud.front.runtime_api import control_sockets, requests_under_way

CLIENTS = 16


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Front]:
    Application.go_on.clear()
    with front(tmp_path / "f", None) as made:
        yield made
        Application.go_on.set()


def under_way(running: Front) -> int:
    return sum(requests_under_way(control, APPLICATION) for control in control_sockets(running.folder))


def until(done: object) -> None:
    end_s = time.monotonic() + 60
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end_s
        time.sleep(0.01)


def is_refused(running: Front) -> bool:
    try:
        running.get(None)
    except ConnectionRefusedError:
        return True
    return False


def test_what_was_accepted_is_answered_and_nothing_new_is_taken(running: Front) -> None:
    kept = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    kept.request("GET", "/x")
    assert kept.getresponse().read()
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        asked = [pool.submit(running.get, None, "/slow") for _ in range(CLIENTS)]
        until(lambda: under_way(running) == CLIENTS)
        drained = pool.submit(drain, running.folder, 60.0)
        until(lambda: is_refused(running))
        kept.request("GET", "/x")  # on a connection that is open still
        answer = kept.getresponse()
        assert (answer.status, answer.getheader("connection")) == (200, "close")
        assert not drained.done()
        Application.go_on.set()
        assert [each.result()[0] for each in asked] == [200] * CLIENTS
        assert drained.result() == 0
    assert "frontend" not in front_config(running.folder).read_text()


def test_what_is_not_answered_in_time_is_counted(running: Front) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(running.get, None, "/slow") for _ in range(2)]
        until(lambda: under_way(running) == 2)
        assert drain(running.folder, 0.2) == 2
        Application.go_on.set()
        assert [each.result()[0] for each in asked] == [200, 200]


def test_clients_that_go_on_asking_lose_nothing(running: Front) -> None:
    """Each asks one request after the other on a connection that it keeps, as edges do."""
    Application.go_on.set()
    started, lost = [threading.Event() for _ in range(CLIENTS)], []

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
        while True:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return
            closes = False
            while not closes:
                try:
                    connection.request("GET", "/x")
                    answer = connection.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException) as problem:
                    lost.append(repr(problem))
                    return
                closes = answer.getheader("connection") == "close"
                started[number].set()
            connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for each in started:
        assert each.wait(60)
    assert drain(running.folder, 60.0) == 0
    for thread in threads:
        thread.join(60)
    assert lost == []


def test_a_front_end_that_is_gone_has_nothing_left(tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    assert drain(tmp_path, 5.0, sleep=lambda _: None) == 0
