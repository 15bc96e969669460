"""Memory arena of ONNX Runtime (BFCArena), one for all sessions of a process, and its shrinkage.

By default each session has an arena of its own, which doubles whenever it is too small and gives nothing
back. What a session makes stays in it until the last array is dropped: many frames at once make it large for
good. Sessions that run one after another need one arena between them, which grows by what is asked for.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from evosplit.shared.runtime import open_session, session_options

_CPU: Final = ("CPUExecutionProvider",)
_AS_REQUESTED: Final = 1
_SHARED: Final = ("session.use_env_allocators", "1")
_SHRINK: Final = ("memory.enable_memory_arena_shrinkage", "cpu:0")
_first_use: Final = threading.Lock()


def open_in_arena(model: onnx.ModelProto, options: Any, providers: Sequence[str]) -> Any:  # noqa: ANN401
    """As `evosplit.shared.runtime.open_session`; on processors other than CPUs the arena is not shared."""
    if tuple(providers) == _CPU:
        _arena()
        options.add_session_config_entry(*_SHARED)
    return open_session(model, options, providers)


def shrink_arena() -> None:
    """Free what no array and no session holds; the next run takes anew what it needs. Any thread may call."""
    _arena()()


def _arena() -> Callable[[], None]:
    """Its shrinkage. It is made once for the process, by whoever is first."""
    with _first_use:
        return _made_arena()


@functools.cache
def _made_arena() -> Callable[[], None]:
    where = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    growth = onnxruntime.OrtArenaCfg({"arena_extend_strategy": _AS_REQUESTED})
    onnxruntime.create_and_register_allocator(where, growth)
    return _shrinkage()


def _shrinkage() -> Callable[[], None]:
    """An arena is shrunk at the end of a run that asks for it: here of a session that copies one number."""
    options, run_options = session_options(), onnxruntime.RunOptions()
    options.add_session_config_entry(*_SHARED)
    run_options.add_run_config_entry(*_SHRINK)
    session = open_session(_copy_of_a_number(), options, _CPU)
    number = np.zeros(1, np.float32)

    def shrink() -> None:
        session.run(None, {"a": number}, run_options)

    return shrink


def _copy_of_a_number() -> onnx.ModelProto:
    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "ab")
    graph = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "copy", [given], [made])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
