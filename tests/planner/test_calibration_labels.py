"""Labels beside pictures and within arrays."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evosplit.planner.calibration.input_files import labelled_feeds
from evosplit.planner.calibration.labels import array_labels, picture_labels
from evosplit.shared.card import Card, card_from_data, check_card
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph, load_graph
from tests.models import chain_net, save

CARD = {
    "version": 1,
    "name": "tiny",
    "input": {"colour": "RGB", "scale": "1/255", "resize": {"kind": "stretch"}},
}


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return load_graph(save(chain_net(), tmp_path))


@pytest.fixture
def card(graph: Graph) -> Card:
    return check_card(card_from_data(CARD), graph)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    for index in range(6):
        Image.new("RGB", (20, 20), (index * 40, 0, 0)).save(made / f"{index}.png")
    return made


def test_pictures_are_read_as_they_are_asked_for(graph: Graph, card: Card, folder: Path) -> None:
    (folder / "labels.csv").write_text(
        "file,class_index,name\n" + "".join(f"{index}.png,{index % 3},x\n" for index in range(6))
    )
    found = labelled_feeds(graph, card, folder, 3)
    assert found.labels == (0, 2, 2)
    assert len(found.feeds) == 3
    np.testing.assert_allclose(found.feeds[1]["x"][0, 0, 0, 0] * 255, 80, atol=1e-3)
    (folder / "4.png").write_bytes(b"no picture")
    assert len(labelled_feeds(graph, card, folder).feeds[:2]) == 2, "nothing was decoded yet"
    with pytest.raises(InputError):
        labelled_feeds(graph, card, folder).feeds[4]


def test_texts_and_no_labels_at_all(graph: Graph, card: Card, folder: Path) -> None:
    assert labelled_feeds(graph, card, folder).labels is None
    (folder / "labels.csv").write_text("\ufefffile,text\n" + "".join(f"{i}.png,T{i}\n" for i in range(6)))
    assert picture_labels(folder, ["3.png", "0.png"]) == ("T3", "T0")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,class_index\n1.png,2\n", "no label for 0.png"),
        ("name,class\n0.png,2\n", "needs the columns"),
        ("file,class_index\n0.png,cat\n", "'cat' is no class index"),
        ("", "no label for 0.png"),
    ],
)
def test_label_files_that_do_not_fit(folder: Path, content: str, message: str) -> None:
    (folder / "labels.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        picture_labels(folder, ["0.png"])


def test_labels_within_arrays(tmp_path: Path, graph: Graph) -> None:
    path = tmp_path / "some.npz"
    arrays = np.random.default_rng(0).normal(size=(5, 3, 16, 16)).astype(np.float32)
    np.savez(path, x=arrays, labels=np.arange(5))
    found = labelled_feeds(graph, None, path, 3)
    assert found.labels == (0, 2, 4)
    np.testing.assert_array_equal(found.feeds[1]["x"], arrays[2:3])
    assert [*found.feeds[0]] == ["x"], "labels are no input of the network"
    np.savez(path, x=arrays)
    assert labelled_feeds(graph, None, path).labels is None
    np.savez(path, x=arrays, labels=np.arange(4))
    with pytest.raises(InputError, match="4 labels for 5"):
        labelled_feeds(graph, None, path)


def test_arrays_that_are_no_labels() -> None:
    for wrong in (np.zeros((2, 2), int), np.zeros(2)):
        with pytest.raises(InputError, match="one class index or text per sample"):
            array_labels({"labels": wrong})
