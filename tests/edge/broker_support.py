"""A real MQTT broker (Mosquitto) as a process, and another client (paho) that notes what is published."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto (Debian: apt install mosquitto)")


@contextlib.contextmanager
def broker(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Mosquitto on a port of the loopback, ended in order."""
    folder.mkdir(exist_ok=True)
    file = folder / "mosquitto.conf"
    file.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest none\nuser root\n")
    assert MOSQUITTO is not None
    process = subprocess.Popen([MOSQUITTO, "-c", str(file)], cwd=folder)
    try:
        _until_listening(port)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _until_listening(port: int) -> None:
    for _ in range(600):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5):
            return
        time.sleep(0.02)
    raise AssertionError("mosquitto does not listen")


class Subscriber:
    """Notes all messages as (topic, payload, retained)."""

    def __init__(self, port: int, topics: tuple[str, ...] = ("#", "$hw/#")) -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        self._is_subscribed = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe([(topic, 1) for topic in topics])
        self._client.on_subscribe = lambda *_: self._is_subscribed.set()
        self._client.on_message = lambda _client, _data, message: self.messages.append(
            (message.topic, message.payload, bool(message.retain))
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._is_subscribed.wait(30)

    def of(self, ending: str) -> list[bytes]:
        """Payloads of the topics that end so."""
        return [payload for topic, payload, _ in self.messages if topic.endswith(ending)]

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Return once the broker has it."""
        self._client.publish(topic, payload, 1, retain).wait_for_publish(30)

    def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(1500):
            if holds():
                return
            time.sleep(0.02)
        raise AssertionError(f"not in 30 s; there are {[topic for topic, *_ in self.messages]}")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        del (
            self._client
        )  # which closes what wakes its thread; in a circle with this, the collector warns first


@contextlib.contextmanager
def subscriber(port: int) -> Iterator[Subscriber]:
    told = Subscriber(port)
    try:
        yield told
    finally:
        told.close()
