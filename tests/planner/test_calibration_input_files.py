"""Where calibration inputs come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evosplit.kernels.errors.calibration_inputs import Feeds
from evosplit.planner.calibration.calibration_data import NO_EVIDENCE, evidence_in, measured_inputs
from evosplit.planner.calibration.input_files import (
    calibration_source,
    feeds_digest,
    files_fingerprint,
    noise_feeds,
)
from evosplit.shared.card import Card, card_from_data, check_card
from evosplit.shared.errors import CardError, InputError
from evosplit.shared.graph import Graph, load_graph
from tests import models as nets

CARD = {
    "version": 1,
    "name": "tiny",
    "input": {"colour": "RGB", "scale": "1/255", "resize": {"kind": "stretch"}},
    "calibration": {"samples": 3},
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return nets.save(nets.chain_net(), tmp_path, "net1.1")


@pytest.fixture
def graph(model: Path) -> Graph:
    return load_graph(model)


@pytest.fixture
def card(graph: Graph) -> Card:
    return check_card(card_from_data(CARD), graph)


def calibration_feeds(graph: Graph, card: Card | None, source: Path | None) -> tuple[Feeds, ...]:
    """What errors are measured on."""
    evidence = evidence_in(graph, card, source)
    assert evidence.kind == "card"
    assert evidence.inputs is not None
    return measured_inputs(card, evidence.inputs)


def pictures(folder: Path, count: int) -> None:
    folder.mkdir()
    for index in range(count):
        Image.new("RGB", (20, 20), (index * 20, 0, 0)).save(folder / f"{index:02}.png")


def test_nothing_is_known_without_files(model: Path, graph: Graph, card: Card) -> None:
    assert calibration_source(model) is None
    assert evidence_in(graph, card, None) == NO_EVIDENCE


def test_noise_lies_within_the_card(graph: Graph, card: Card) -> None:
    feeds = noise_feeds(graph, card)
    values = np.concatenate([sample["x"].ravel() for sample in feeds])
    assert 0 <= values.min() < values.max() <= 1
    assert feeds_digest(feeds) == feeds_digest(noise_feeds(graph, card))
    assert feeds_digest(feeds) != feeds_digest(feeds[1:])


def test_pictures_are_spread_over_the_folder(model: Path, graph: Graph, card: Card) -> None:
    pictures(model.parent / "net1.1.calibration", 9)
    feeds = calibration_feeds(graph, card, calibration_source(model))
    np.testing.assert_allclose([sample["x"][0, 0, 0, 0] * 255 for sample in feeds], [0, 80, 160], atol=1e-3)


def test_arrays_come_first(model: Path, graph: Graph, card: Card) -> None:
    pictures(model.parent / "net1.1.calibration", 2)
    arrays = np.random.default_rng(0).normal(size=(5, 3, 16, 16)).astype(np.float32)
    np.savez(model.parent / "net1.1.calibration.npz", x=arrays)
    feeds = calibration_feeds(graph, card, calibration_source(model))
    assert len(feeds) == 3
    np.testing.assert_array_equal(feeds[0]["x"], arrays[:1])


@pytest.mark.parametrize("content", [b"", b"noise", b"PK\3\4 noise", b"\x93NUMPY\1\0"])
def test_broken_arrays(model: Path, graph: Graph, content: bytes) -> None:
    place = model.parent / "net1.1.calibration.npz"
    place.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read net1\.1\.calibration\.npz"):
        calibration_feeds(graph, None, place)


def test_a_folder_without_pictures(tmp_path: Path, graph: Graph, card: Card) -> None:
    pictures(tmp_path / "empty", 0)
    with pytest.raises(InputError, match="no pictures"):
        calibration_feeds(graph, card, tmp_path / "empty")


def test_pictures_need_a_card(tmp_path: Path, graph: Graph) -> None:
    pictures(tmp_path / "some", 1)
    with pytest.raises(CardError, match="no model card"):
        calibration_feeds(graph, None, tmp_path / "some")


def test_other_files_have_another_fingerprint(tmp_path: Path) -> None:
    pictures(tmp_path / "some", 2)
    before = files_fingerprint(tmp_path / "some")
    assert before == files_fingerprint(tmp_path / "some") != files_fingerprint(None) == ""
    Image.new("RGB", (20, 20)).save(tmp_path / "some" / "new.png")
    assert files_fingerprint(tmp_path / "some") != before
