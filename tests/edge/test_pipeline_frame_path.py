"""How many files a frame passes between its HTTP handler and its stored result."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from contextvars import ContextVar
from pathlib import Path
from types import FrameType

from edge_support import middle_stage, picture
from net_bundle import middle_only

MOST_FLOW_FILES = 12
"""In edge/api and edge/pipeline together."""
MOST_EDGE_FILES = 39


_IS_FRAME: ContextVar[bool] = ContextVar("_IS_FRAME", default=False)
"""Set by the handler, and inherited by the frame's task: probes and other tasks do not count."""


class FileTracer:
    """Notes the files of the edge whose functions are called between the handler and the result's count.

    What is learnt behind answers is no part of a frame's way; where a turn takes long it comes
    before the count.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._is_open = self._is_over = self._is_learning = False

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        is_ours = "/edge/" in code.co_filename and "/tests/" not in code.co_filename
        if event not in ("call", "return") or not is_ours:
            return
        name = code.co_filename.split("/edge/")[-1]
        if (name, code.co_name) == ("background/after_answers.py", "run"):
            self._is_learning = event == "call"
        if event == "return":
            return
        if (name, code.co_name) == ("api/pages.py", "post_frame"):  # called when it is resumed, too
            self._is_open = not self._is_over
            _IS_FRAME.set(True)
        if (name, code.co_name) == ("pipeline/frame_flow.py", "_count"):
            self._is_open, self._is_over = False, True
        is_compute = threading.current_thread() is not threading.main_thread()
        if self._is_open and (is_compute or (_IS_FRAME.get() and not self._is_learning)):
            self.calls[name] += 1


async def test_a_reader_follows_a_frame_through_few_files(tmp_path: Path) -> None:
    tracer = FileTracer()
    async with middle_stage(tmp_path, hooks=False, table_of=middle_only) as on:
        await on.post(picture(0))
        await on.agent.frames.drain()
        await on.agent.engine.compute.run(lambda: sys.setprofile(tracer))
        sys.setprofile(tracer)
        try:
            status, answer = await on.post(picture(1))
        finally:
            sys.setprofile(None)
        await on.agent.engine.compute.run(lambda: sys.setprofile(None))
    assert (status, answer["answered_by"]) == (200, "cloud")
    files = sorted(tracer.calls)
    flow = [name for name in files if name.startswith(("api/", "pipeline/"))]
    assert {"api/frame_request.py", "api/pages.py"} <= set(flow)
    assert len(flow) <= MOST_FLOW_FILES, " ".join(flow)
    assert "results/store.py" in files
    assert len(files) <= MOST_EDGE_FILES, files
