"""How many inputs plans are judged on: all of a small network's, fewer of a large one's, labels alike."""

from collections.abc import Sequence

import numpy as np

from evosplit.planner.calibration.input_files import LabelledFeeds
from evosplit.planner.drop import affordable as module
from evosplit.planner.drop.affordable import LEAST_JUDGED, affordable
from evosplit.shared.graph import load_graph
from tests.models import chain_net, save


class Lazy(Sequence):
    """Feeds that count how often one is read."""

    def __init__(self, count: int) -> None:
        self.count, self.read = count, 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, at: int) -> dict[str, np.ndarray]:
        if not 0 <= at < self.count:
            raise IndexError(at)
        self.read += 1
        return {"x": np.array([at])}


def test_a_small_network_is_judged_on_all(tmp_path) -> None:
    graph = load_graph(save(chain_net(), tmp_path))
    inputs = LabelledFeeds(Lazy(300), tuple(range(300)))
    assert affordable(graph, inputs) is inputs


def test_a_large_one_on_fewer_with_their_labels_and_none_read(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "JUDGE_BUDGET", 1.0)
    graph = load_graph(save(chain_net(), tmp_path))
    feeds = Lazy(300)
    found = affordable(graph, LabelledFeeds(feeds, tuple(range(300))))
    assert feeds.read == 0
    assert len(found.feeds) == LEAST_JUDGED
    assert found.labels is not None
    pairs = list(zip(found.feeds, found.labels, strict=True))
    assert all(one["x"][0] == label for one, label in pairs)
    assert (pairs[0][1], pairs[-1][1]) == (0, 299), "spread over all"
    assert len(found.feeds[:3]) == 3
    assert affordable(graph, LabelledFeeds(Lazy(20), None)).labels is None
