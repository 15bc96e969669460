"""Files that are no whole model are named for what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evosplit.shared.errors import ModelError
from evosplit.shared.graph import load_graph
from evosplit.shared.graph.damaged_files import cut_short, lfs_pointer
from tests import models

POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
    b"size 12345\n"
)


def _refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load_graph(path)
    return str(caught.value)


def test_a_pointer_of_git_lfs_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(POINTER)
    assert _refusal(path) == f"{path}: {lfs_pointer(POINTER)}"
    assert "git lfs pull" in str(lfs_pointer(POINTER))
    assert lfs_pointer(POINTER + bytes(2000)) is None


def test_external_data_that_is_a_pointer_is_named(tmp_path: Path) -> None:
    path = models.save_external(models.chain_net(), tmp_path)
    (tmp_path / "net.data").write_bytes(POINTER)
    assert "external data net.data is a Git LFS pointer" in _refusal(path)


def test_external_data_that_ends_too_early_is_named(tmp_path: Path) -> None:
    path = models.save_external(models.chain_net(), tmp_path)
    data = tmp_path / "net.data"
    data.write_bytes(data.read_bytes()[:100])
    assert "only the beginning of its external data net.data is there: 100 bytes" in _refusal(path)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9, 0.999])
def test_half_a_copy_is_named(share: float, tmp_path: Path) -> None:
    content = models.chain_net().SerializeToString()
    path = tmp_path / "net.onnx"
    path.write_bytes(content[: max(8, int(share * len(content)))])
    assert "only the beginning of an ONNX file" in _refusal(path)


def test_every_truncation_is_named_and_no_whole_model_is() -> None:
    content = models.residual_net().SerializeToString()
    assert cut_short(content) is None
    assert all(cut_short(content[:length]) for length in range(2, len(content) - 1, 61))


def test_what_is_no_model_is_not_called_half_of_one() -> None:
    rng = np.random.default_rng(0)
    for content in (b"\x89PNG\r\n\x1a\n" + bytes(99), b"PK\x03\x04", rng.bytes(999), b"hello, world"):
        assert cut_short(content) is None
