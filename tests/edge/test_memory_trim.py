from __future__ import annotations

import sys

import numpy as np
import pytest
from onnx import TensorProto, helper

from evosplit.edge.memory.trim import release_file_pages, resident_bytes, return_freed, trim_memory
from evosplit.kernels.jit import compiled
from evosplit.shared.memory_arena import open_in_arena
from evosplit.shared.session import Runner

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")


@linux
def test_the_compilers_pages_are_dropped_and_it_compiles_on() -> None:
    @compiled
    def twice(value: float) -> float:
        return value * 2

    assert twice(2.0) == 4.0
    assert release_file_pages("libllvmlite") > 10**6
    trim_memory()
    assert twice(2) == 4  # another type: compiled anew
    np.testing.assert_allclose(twice(1.5), 3.0)


def test_a_library_that_is_not_loaded_has_none() -> None:
    assert release_file_pages("libnothere") == 0


@linux
def test_what_arrays_of_many_runs_took_is_returned_once_they_are_dropped() -> None:
    elements, runs = 10**6, 32
    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [elements]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "relu", [given], [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    runner, feeds = Runner(model, opener=open_in_arena), {"x": np.ones(elements, np.float32)}
    runner.run(feeds)
    return_freed()
    before_bytes = resident_bytes()
    held = [runner.run(feeds) for _ in range(runs)]
    assert resident_bytes() - before_bytes > runs * elements * 4 / 2
    held.clear()
    return_freed()
    assert resident_bytes() - before_bytes < runs * elements * 4 / 8
