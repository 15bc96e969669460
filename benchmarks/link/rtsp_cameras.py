"""RTSP cameras for benchmarks: GStreamer's server with H.264 that was encoded before.

When each picture was pushed is noted, and bars in its middle say its number. A client leaves out those that
it looks at to learn what the stream is, so that its own count does not say which picture it has.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evosplit.shared.free_ports import free_port

SIZE: Final = (1920, 1080)
PER_S: Final = 10
LOOP: Final = 120
"""Pictures until they begin again: bars say a number below it."""
_STEP: Final = 8
_BARS: Final = 8
_BAR: Final = 100
_SYSTEM_PYTHON: Final = "/usr/bin/python3"
_SERVER: Final = """
import pathlib, sys, time, gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
folder, port, period_ms, names = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
units = [path.read_bytes() for path in sorted(pathlib.Path(folder).iterdir())]
def configure(factory, media, name):
    source, count = media.get_element().get_by_name("camera"), 0
    def push():
        nonlocal count
        print(name, count, time.time(), flush=True)
        buffer = Gst.Buffer.new_wrapped(units[count % len(units)])
        count += 1
        return source.emit("push-buffer", buffer) == Gst.FlowReturn.OK
    GLib.timeout_add(period_ms, push)
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=port)
for name in names:
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch("( appsrc name=camera is-live=true format=time do-timestamp=true "
                       "caps=video/x-h264,stream-format=byte-stream,alignment=au "
                       "! h264parse config-interval=-1 "
                       "! rtph264pay name=pay0 pt=96 )")
    factory.connect("media-configure", configure, name)
    server.get_mount_points().add_factory("/" + name, factory)
server.attach(None)
print("ready", flush=True)
GLib.MainLoop().run()
"""


@dataclass(frozen=True)
class Cameras:
    """``addresses`` by name; ``pushed_at_s`` has the Unix time of each picture so far."""

    addresses: dict[str, str]
    pushed_at_s: dict[str, list[float]] = field(default_factory=dict)


@contextlib.contextmanager
def rtsp_cameras(names: Sequence[str], picture: Path, folder: Path) -> Iterator[Cameras]:
    """Cameras that see a picture move past, 1080p at `PER_S` pictures a second."""
    if shutil.which(_SYSTEM_PYTHON) is None:
        raise SystemExit(
            "needs GStreamer's RTSP server and H.264 parser (Debian: gir1.2-gst-rtsp-server-1.0, "
            "gstreamer1.0-plugins-bad)"
        )
    _encode(picture, folder)
    port = free_port()
    cameras = Cameras(
        {name: f"rtsp://127.0.0.1:{port}/{name}" for name in names}, {name: [] for name in names}
    )
    command = [_SYSTEM_PYTHON, "-c", _SERVER, str(folder), str(port), str(1000 // PER_S), *names]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={})
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise SystemExit("GStreamer's RTSP server did not start")
    reader = threading.Thread(target=_note, args=(process.stdout, cameras.pushed_at_s))
    reader.start()
    try:
        yield cameras
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def shown_number(jpeg: bytes, region: Sequence[float]) -> int:
    """What the bars say in a JPEG of ``region`` (left, top, right, bottom as shares of the picture)."""
    pixels = np.asarray(Image.open(io.BytesIO(jpeg)).convert("L"))
    row, wide = pixels[pixels.shape[0] // 2], region[2] - region[0]
    shares = [(_bar_left(bar) + _BAR / 2) / SIZE[0] for bar in range(_BARS)]
    places = [int((share - region[0]) / wide * len(row)) for share in shares]
    return sum(1 << bar for bar, place in enumerate(places) if row[place] > 127)


def _draw_number(pixels: NDArray[np.uint8], number: int) -> None:
    middle = SIZE[1] // 2
    for bar in range(_BARS):
        left = _bar_left(bar)
        pixels[middle - _BAR : middle + _BAR, left : left + _BAR] = 255 * (number >> bar & 1)


def _bar_left(bar: int) -> int:
    return SIZE[0] // 2 + (bar - _BARS // 2) * _BAR


def _note(lines: Iterator[str], pushed_at_s: dict[str, list[float]]) -> None:
    for line in lines:
        name, _, at_s = line.split()
        pushed_at_s[name].append(float(at_s))


def _encode(picture: Path, folder: Path) -> None:
    """One file for each access unit; every second has a key frame, as cameras send them."""
    folder.mkdir()
    pixels = np.asarray(Image.open(picture).convert("RGB").resize(SIZE))
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height = SIZE
    encoder.pix_fmt, encoder.framerate, encoder.gop_size = "yuv420p", PER_S, PER_S
    encoder.bit_rate = 4_000_000
    encoder.options = {"tune": "zerolatency", "preset": "fast"}
    units = []
    for number in range(LOOP):
        moved = np.ascontiguousarray(np.roll(pixels, number * _STEP, axis=1))
        _draw_number(moved, number)
        units += encoder.encode(av.VideoFrame.from_ndarray(moved, format="rgb24"))
    for number, unit in enumerate([*units, *encoder.encode(None)]):
        (folder / f"{number:04}.h264").write_bytes(bytes(unit))
