"""Which files of a folder are served, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloud_support import CARD

from evosplit.cloud.registry import Registry, open_registry
from evosplit.cloud.repository.model_source import ModelFolder
from evosplit.shared.errors import CardError, ModelError, NotFoundError, UsageError
from tests import models as nets


def test_names_are_stems_and_cards_are_checked(registry: Registry) -> None:
    assert sorted(registry.models) == ["branch", "chain", "residual"]
    card = registry.get("chain").card
    assert card is not None
    assert (card.input.tensor, card.input.size) == ("x", (16, 16))
    assert registry.get("residual").card is None


def test_a_stem_may_hold_a_dot(tmp_path: Path) -> None:
    nets.save(nets.chain_net(), tmp_path, "net1.1")
    (tmp_path / "net1.1.yaml").write_text(CARD)
    assert open_registry(ModelFolder(tmp_path)).get("net1.1").card is not None


def test_one_bad_file_does_not_keep_the_others_away(tmp_path: Path) -> None:
    nets.save(nets.chain_net(), tmp_path, "good")
    nets.save(nets.chain_net(), tmp_path, "misfit")
    (tmp_path / "misfit.yaml").write_text(CARD.replace("RGB", "Y"))
    (tmp_path / "empty.onnx").write_bytes(b"")
    found = open_registry(ModelFolder(tmp_path))
    assert (list(found.models), sorted(found.broken)) == (["good"], ["empty", "misfit"])
    with pytest.raises(CardError, match="channels"):
        found.get("misfit")
    with pytest.raises(ModelError):
        found.get("empty")
    with pytest.raises(NotFoundError, match="no model 'other'"):
        found.get("other")


def test_links_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    """A card that is not found is not a model without a card."""
    nets.save(nets.chain_net(), tmp_path, "good")
    nets.save(nets.chain_net(), tmp_path, "carded")
    for name in ("gone.onnx", "carded.yaml", ".hidden.onnx"):
        (tmp_path / name).symlink_to(tmp_path / "an unmounted disk" / name)
    (tmp_path / "folder.onnx").symlink_to(tmp_path)
    (tmp_path / "._good.onnx").write_bytes(b"beside it on a disk of another system")
    found = open_registry(ModelFolder(tmp_path))
    assert (list(found.models), sorted(found.broken)) == (["good"], ["carded", "gone"])
    with pytest.raises(ModelError, match="no such file"):
        found.get("gone")
    with pytest.raises(CardError, match=r"carded\.yaml"):
        found.get("carded")


def test_folders_without_models(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        open_registry(ModelFolder(tmp_path / "gone"))
    with pytest.raises(UsageError, match="no ONNX files"):
        open_registry(ModelFolder(tmp_path))
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"^bad: "):
        open_registry(ModelFolder(tmp_path))
