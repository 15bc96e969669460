"""Bare aiohttp handler of one tail: no Ray, no proxy, no token, no TLS; a process of its own.

As in the cloud tier, the event loop is uvloop's, the tail is the same session, and it runs in a thread of its
own. In the event loop's thread it would be slower wherever others want the processor, too: the kernel lets
a thread that has just woken up go first, and takes the turn from one that has parsed and decoded before.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import uvloop
from aiohttp import web

from evosplit.cloud.tail_builder import TailBuilder
from evosplit.kernels.codec import decode_tensor
from evosplit.shared import oip
from evosplit.shared.free_ports import free_port
from evosplit.shared.graph import load_graph, parse_cut
from evosplit.shared.wire import decode_frame

_LIMIT_S: Final = 60.0


@contextlib.contextmanager
def bare_handler(model: Path, cut_key: str, threads: int) -> Iterator[str]:
    """The address of a started handler."""
    port = free_port()
    arguments = [str(model), cut_key, str(threads), str(port)]
    # A session of its own, as the tiers have: the kernel shares the processor between sessions.
    process = subprocess.Popen([sys.executable, "-m", __name__, *arguments], start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait(url: str) -> None:
    deadline_s = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline_s:
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(url):  # noqa: S310 - our own
            return
        time.sleep(0.1)
    raise TimeoutError(url)


def _app(model: Path, cut_key: str, threads: int) -> web.Application:
    graph = load_graph(model)
    runner = TailBuilder(threads).build_measured(graph, parse_cut(graph, cut_key)).runner
    pool = ThreadPoolExecutor(1)

    async def ready(_request: web.Request) -> web.Response:
        return web.Response()

    async def infer(request: web.Request) -> web.Response:
        length = oip.header_length(request.headers.get(oip.HEADER_LENGTH))
        asked = oip.parse_request(await request.read(), length)
        frame = decode_frame(asked.inputs[0].data.data)
        feeds = {tensor.name: decode_tensor(tensor) for tensor in frame.tensors}
        (outputs,) = await asyncio.get_running_loop().run_in_executor(pool, runner.run, [feeds])
        made = tuple(oip.tensor(name, array) for name, array in outputs.items())
        body, _ = oip.build_response(oip.InferResponse(model_name=graph.name, outputs=made), asked)
        return web.Response(body=body)

    app = web.Application(client_max_size=10**8)
    app.add_routes([web.get("/", ready), web.post("/{path:.*}", infer)])
    return app


if __name__ == "__main__":
    file, cut, thread_count, listen_port = sys.argv[1:]
    made_app = _app(Path(file), cut, int(thread_count))
    loop = uvloop.new_event_loop()
    web.run_app(made_app, host="127.0.0.1", port=int(listen_port), print=None, access_log=None, loop=loop)
