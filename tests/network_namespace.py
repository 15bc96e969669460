"""Network namespaces (Linux, root): a device behind a link that can be cut, with names of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_TOOLS = ("ip", "unshare", "mount")
_AS_THE_DEVICE = 'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@dataclass(frozen=True)
class Device:
    """A namespace with two cables to this one: an uplink, and another by which the test talks to it.

    ``hosts`` and ``resolv`` are what its processes see as /etc/hosts and /etc/resolv.conf.
    """

    name: str
    subnet: str
    hosts: Path
    resolv: Path

    @property
    def cloud_addresses(self) -> tuple[str, str]:
        """Two addresses of this end of the uplink."""
        return f"{self.subnet}.1", f"{self.subnet}.3"

    @property
    def address(self) -> str:
        """Where the test finds the device."""
        return f"{self.subnet}.130"

    def command(self, *command: str) -> list[str]:
        """The command that runs another one on the device."""
        inside = ["unshare", "--mount", "sh", "-c", _AS_THE_DEVICE, str(self.hosts), str(self.resolv)]
        return ["ip", "netns", "exec", self.name, *inside, *command]

    @contextlib.contextmanager
    def dropping(self) -> Iterator[None]:
        """Whatever is sent to the device over its uplink vanishes without a word, as behind a DROP rule."""
        _ip("route", "add", "blackhole", f"{self.subnet}.2/32")
        try:
            yield
        finally:
            _ip("route", "del", "blackhole", f"{self.subnet}.2/32")

    @contextlib.contextmanager
    def unplugged(self) -> Iterator[None]:
        """The uplink has no carrier."""
        _ip("link", "set", f"{self.name}u", "down")
        try:
            yield
        finally:
            _ip("link", "set", f"{self.name}u", "up")

    def plug(self) -> None:
        """Lay both cables."""
        _ip("netns", "add", self.name)
        for kind, (here, there) in {"u": (1, 2), "m": (129, 130)}.items():
            end = f"{self.name}{kind}"
            _ip("link", "add", end, "type", "veth", "peer", "name", f"{kind}0", "netns", self.name)
            _ip("address", "add", f"{self.subnet}.{here}/25", "dev", end)
            _ip("-n", self.name, "address", "add", f"{self.subnet}.{there}/25", "dev", f"{kind}0")
            _ip("link", "set", end, "up")
            _ip("-n", self.name, "link", "set", f"{kind}0", "up")
        _ip("address", "add", f"{self.cloud_addresses[1]}/25", "dev", f"{self.name}u")
        _ip("-n", self.name, "link", "set", "lo", "up")


@contextlib.contextmanager
def device(folder: Path) -> Iterator[Device]:
    """A device; the test skips where there may be none."""
    if os.geteuid() != 0 or not all(map(shutil.which, _TOOLS)):
        pytest.skip("needs root, and ip, unshare and mount, for network namespaces")
    number = os.getpid() % 2**14
    made = Device(
        f"evs{number}", f"10.{64 + number // 256}.{number % 256}", folder / "hosts", folder / "resolv"
    )
    for file in (made.hosts, made.resolv):
        file.write_text("")
    try:
        made.plug()
    except subprocess.CalledProcessError as refused:
        subprocess.run(["ip", "netns", "del", made.name], check=False, capture_output=True)
        pytest.skip(f"this machine allows no network namespaces: {refused.stderr.strip()}")
    try:
        yield made
    finally:
        _ip("netns", "del", made.name)  # its cables go with it
