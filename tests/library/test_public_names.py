"""`import evosplit` is quick and needs nothing; names come when they are used; a missing extra is named."""

from __future__ import annotations

import subprocess
import sys

import pytest

import evosplit
from evosplit.shared.errors import EvoSplitError, MissingExtraError

LIBRARY_LACKS = ["ray", "prometheus_client", "torch", "av"]
EDGE_LACKS = ["ray", "pulp", "highspy", "matplotlib", "torch"]


def run(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_every_public_name_is_there_and_documented() -> None:
    assert len(set(evosplit.__all__)) == len(evosplit.__all__)
    for name in evosplit.__all__:
        found = getattr(evosplit, name)
        assert found.__doc__, name
        assert found.__name__ == name
        assert name in dir(evosplit)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = evosplit.nonsense  # type: ignore[attr-defined]


def test_importing_it_imports_nothing_else() -> None:
    heavy = "{'numpy', 'onnx', 'pulp', 'aiohttp', 'ray', 'matplotlib', 'numba', 'click'}"
    assert run(f"import sys, evosplit; print({heavy} & set(sys.modules))") == "set()"


def test_an_edge_board_loads_splits_and_talks_without_the_planner() -> None:
    absent = f"import sys; sys.modules.update(dict.fromkeys({EDGE_LACKS!r})); import evosplit; "
    run(absent + "evosplit.load, evosplit.split, evosplit.encode, evosplit.decode, evosplit.Client")
    said = run(absent + "\ntry:\n evosplit.plan\nexcept evosplit.EvoSplitError as error:\n print(error)")
    assert said.startswith("evosplit.plan needs ")
    assert said.endswith("pip install 'evosplit[library]'")


def test_the_library_extra_is_enough_for_every_name() -> None:
    absent = f"import sys; sys.modules.update(dict.fromkeys({LIBRARY_LACKS!r})); import evosplit; "
    assert run(absent + "print(all(getattr(evosplit, name) for name in evosplit.__all__))") == "True"


def test_a_missing_extra_is_an_import_error_too() -> None:
    missing = MissingExtraError("drawing", "matplotlib", "library")
    assert isinstance(missing, ImportError)
    assert isinstance(missing, EvoSplitError)
