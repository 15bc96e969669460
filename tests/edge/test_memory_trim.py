from __future__ import annotations

import sys

import numpy as np
import pytest

from evosplit.edge.memory_trim import release_file_pages, trim_memory
from evosplit.kernels.jit import compiled

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
