"""Small videos, folders and servers that sources read in tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

SIZE = (48, 64)
GST_SERVER = """
import sys, gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch("( videotestsrc is-live=true ! video/x-raw,format=I420,width=64,height=48,framerate=20/1 "
                   "! jpegenc ! rtpjpegpay name=pay0 pt=26 )")
factory.set_shared(True)
server.get_mount_points().add_factory("/live", factory)
server.attach(None)
print("ready", flush=True)
GLib.MainLoop().run()
"""


def shade(number: int) -> NDArray[np.uint8]:
    """A picture whose grey says its number, up to 16."""
    return np.full((*SIZE, 3), number * 15, np.uint8)


def number_of(pixels: NDArray[np.uint8]) -> int:
    return round(float(pixels.mean()) / 15)


def write_video(path: Path, count: int, rate: int = 20, codec: str = "mpeg4") -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = SIZE
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(count):
            picture = av.VideoFrame.from_ndarray(shade(number), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def _has_gst_server() -> bool:
    python = shutil.which("python3", path="/usr/bin")
    if python is None:
        return False
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    return subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0


needs_rtsp_server = pytest.mark.skipif(
    not _has_gst_server(),
    reason="needs GStreamer's RTSP server "
    "(Debian: apt install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good)",
)


def rtsp_server(port: int) -> subprocess.Popen[str]:
    """GStreamer's server on the loopback, ready: ``rtsp://127.0.0.1:PORT/live`` has 20 pictures a second."""
    process = subprocess.Popen(
        ["/usr/bin/python3", "-c", GST_SERVER, str(port)], stdout=subprocess.PIPE, text=True, env={}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end_server(process: subprocess.Popen[str]) -> None:
    """Also a second time."""
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
