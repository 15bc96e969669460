"""A models folder that changes while it is served: with copies under way, broken files, links, other data."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from cloud_support import CARD, blob_request, frame_bytes, plain_request, seeded_feeds, whole_outputs
from repository_support import Followed, chain_like, followed, put_in_place

from evosplit.cloud.dataplane import Call
from evosplit.cloud.repository.file_states import FileStates
from evosplit.cloud.repository.model_source import ModelFolder
from evosplit.cloud.repository.watch import RETIRED_S, RepositoryWatch
from evosplit.shared import oip
from evosplit.shared.errors import ModelError, NotFoundError, StaleModelError
from evosplit.shared.graph import prefix_cut
from tests import models as nets


@pytest.fixture
def here(tmp_path: Path) -> Followed:
    put_in_place(chain_like(0).SerializeToString(), tmp_path / "chain.onnx")
    return followed(tmp_path)


def ask(here: Followed, request: oip.InferRequest, name: str = "chain") -> oip.InferResponse:
    return oip.parse_response(
        *here.plane.answer(name, Call(*oip.build_request(request), time.perf_counter()))
    )


def sha256(here: Followed, name: str = "chain") -> str:
    return here.registry.get(name).graph.sha256


def test_what_is_put_into_place_is_served_after_one_look(here: Followed) -> None:
    put_in_place(nets.residual_net().SerializeToString(), here.folder / "other.onnx")
    wait_for_a_tick(here.folder / "other.onnx")
    here.look()
    assert sorted(here.registry.models) == ["chain", "other"]
    feeds = seeded_feeds(here.registry.get("other"))
    expected = whole_outputs(here.registry.get("other"), feeds)["y"]
    np.testing.assert_allclose(
        ask(here, plain_request(feeds), "other").arrays()["y"], expected, rtol=1e-4, atol=1e-5
    )


def wait_for_a_tick(path: Path) -> None:
    """The file system's clock may stand still for some milliseconds: then a rename cannot be told."""
    while path.stat().st_ctime_ns <= path.stat().st_mtime_ns:
        path.rename(path.with_suffix(".partial"))
        time.sleep(0.005)
        path.with_suffix(".partial").rename(path)


def test_a_file_that_is_still_being_copied_is_not_read_before_it_is_whole(
    here: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    old, content = sha256(here), chain_like(1).SerializeToString()
    step = len(content) // 5 + 1
    with (here.folder / "chain.onnx").open("wb", buffering=0) as copy:  # in place, as cp does
        for begin in range(0, len(content), step):
            copy.write(content[begin : begin + step])
            here.look()
            assert sha256(here) == old
    assert caplog.text == ""
    here.look()
    assert sha256(here) != old
    here.look()
    assert caplog.text.count("is served as it was replaced") == 1


def test_a_copy_that_pauses_leaves_the_old_one_in_service(
    here: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    old, content = sha256(here), chain_like(1).SerializeToString()
    path = here.folder / "chain.onnx"
    path.write_bytes(content[: len(content) // 2])
    here.look()
    here.look()
    here.look()
    assert sha256(here) == old
    assert caplog.text.count("the old ones stay in service") == 1
    assert list(here.registry.broken) == ["chain"]
    ask(here, plain_request(seeded_feeds(here.registry.get("chain"))))
    with path.open("ab") as rest:
        rest.write(content[len(content) // 2 :])
    here.look()
    here.look()
    assert sha256(here) != old
    assert dict(here.registry.broken) == {}


def test_a_new_file_that_cannot_be_read_is_said_and_forgotten_with_it(here: Followed) -> None:
    put_in_place(b"no model", here.folder / "bad.onnx")
    here.look()
    here.look()
    assert list(here.registry.models) == ["chain"]
    with pytest.raises(ModelError, match="not an ONNX file"):
        here.registry.get("bad")
    (here.folder / "bad.onnx").unlink()
    here.look()
    here.look()
    with pytest.raises(NotFoundError):
        here.registry.get("bad")


def test_frames_of_the_old_content_are_answered_by_it_for_a_while(here: Followed) -> None:
    old = here.registry.get("chain")
    feeds, cut = seeded_feeds(old), prefix_cut(old.graph, 3)
    frame = blob_request(oip.FRAME_INPUT, frame_bytes(old, cut, feeds))
    assert oip.STALE_MODEL not in ask(here, frame).parameters
    put_in_place(chain_like(5).SerializeToString(), here.folder / "chain.onnx")
    here.look()
    here.look()
    answer = ask(here, frame)
    np.testing.assert_allclose(answer.arrays()["y"], whole_outputs(old, feeds)["y"], rtol=1e-4, atol=1e-5)
    assert answer.parameters[oip.STALE_MODEL] is True
    new = ask(here, plain_request(feeds))
    np.testing.assert_allclose(new.arrays()["y"], answer.arrays()["y"] + 5, rtol=1e-4, atol=1e-4)
    here.clock.now_s = RETIRED_S + 1
    here.look()
    assert here.dropped == [old.graph.sha256]
    with pytest.raises(StaleModelError, match="ask for plans again"):
        ask(here, frame)


def test_only_the_last_contents_stay_for_frames(here: Followed) -> None:
    seen = []
    for shift in range(1, 5):
        seen.append(sha256(here))
        put_in_place(chain_like(shift).SerializeToString(), here.folder / "chain.onnx")
        here.look()
        here.look()
    assert [old.model.graph.sha256 for old in here.registry.catalogue.retired] == seen[-2:]
    assert set(here.dropped) >= set(seen[:-2])


def test_a_model_whose_files_are_gone_is_gone_after_two_looks(here: Followed) -> None:
    put_in_place(nets.residual_net().SerializeToString(), here.folder / "other.onnx")
    here.look()
    here.look()
    (here.folder / "chain.onnx").rename(here.folder / "away")
    here.look()
    assert sorted(here.registry.models) == ["chain", "other"]
    (here.folder / "away").rename(here.folder / "chain.onnx")
    here.look()
    (here.folder / "chain.onnx").unlink()
    here.look()
    here.look()
    assert list(here.registry.models) == ["other"]


def test_a_disk_that_is_away_leaves_the_model_that_was_read_in_service(
    here: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    disk = here.folder / "disk"
    disk.mkdir()
    nets.save(nets.residual_net(), disk, "other")
    (here.folder / "other.onnx").symlink_to(disk / "other.onnx")
    (here.folder / "never.onnx").symlink_to(disk / "never.onnx")
    for _ in range(3):
        here.look()
    assert sorted(here.registry.models) == ["chain", "other"]
    assert "never: it is not served: " in caplog.text
    disk.rename(here.folder / "elsewhere")
    for _ in range(3):
        here.look()
    assert sorted(here.registry.models) == ["chain", "other"]
    assert caplog.text.count("the old ones stay in service") == 1
    (here.folder / "elsewhere").rename(disk)
    nets.save(nets.chain_net(), disk, "never")
    for _ in range(3):
        here.look()
    assert sorted(here.registry.models) == ["chain", "never", "other"]


def test_a_card_is_taken_up_and_one_that_does_not_fit_is_not(here: Followed) -> None:
    put_in_place(CARD.encode(), here.folder / "chain.yaml")
    here.look()
    here.look()
    card = here.registry.get("chain").card
    assert card is not None
    put_in_place(CARD.replace("RGB", "Y").encode(), here.folder / "chain.yaml")
    here.look()
    here.look()
    assert here.registry.get("chain").card == card
    assert "channels" in str(here.registry.broken["chain"])


def test_external_data_of_any_name_is_waited_for(tmp_path: Path) -> None:
    for shift, folder in ((0, "models"), (1, "new")):
        (tmp_path / folder).mkdir()
        onnx.save_model(
            chain_like(shift),
            str(tmp_path / folder / "chain.onnx"),
            save_as_external_data=True,
            location="weights.bin",
            size_threshold=0,
        )
    here = followed(tmp_path / "models")
    old = sha256(here)
    content = (tmp_path / "new" / "weights.bin").read_bytes()
    with (here.folder / "weights.bin").open("wb", buffering=0) as copy:
        copy.write(content[: len(content) // 2])
        here.look()
        assert sha256(here) == old
        copy.write(content[len(content) // 2 :])
    here.look()
    assert sha256(here) == old
    here.look()
    assert sha256(here) != old


def test_a_link_that_changes_is_followed_at_once(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap: NAME -> ..data/NAME, and ..data -> a folder for each state."""
    folder = tmp_path / "models"
    for shift in (0, 1):
        (folder / f"..2026_{shift}").mkdir(parents=True)
        (folder / f"..2026_{shift}" / "chain.onnx").write_bytes(chain_like(shift).SerializeToString())
    (folder / "..data").symlink_to("..2026_0")
    (folder / "chain.onnx").symlink_to("..data/chain.onnx")
    here = followed(folder)
    assert list(here.registry.models) == ["chain"]
    old = sha256(here)
    (folder / "..new").symlink_to("..2026_1")
    (folder / "..new").replace(folder / "..data")
    here.look()
    assert sha256(here) != old


def test_a_folder_that_cannot_be_read_changes_nothing(
    here: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    here.folder.rename(here.folder.with_name("away"))
    here.look()
    here.look()
    here.look()
    assert list(here.registry.models) == ["chain"]
    assert caplog.text.count("cannot be followed") == 1
    here.folder.with_name("away").rename(here.folder)
    here.look()
    assert list(here.registry.models) == ["chain"]


def test_many_models_few_in_memory(tmp_path: Path) -> None:
    for number in range(6):
        put_in_place(chain_like(number).SerializeToString(), tmp_path / f"net{number}.onnx")
    size_bytes = (tmp_path / "net0.onnx").stat().st_size
    here = followed(tmp_path, limit_bytes=2.5 * size_bytes)
    loaded = here.registry.loaded
    assert (len(here.registry.models), len(loaded)) == (6, 2)
    for number in (0, 5, 0, 3):
        model = here.registry.get(f"net{number}")
        feeds = seeded_feeds(model)
        got = ask(here, plain_request(feeds), model.name).arrays()["y"]
        np.testing.assert_allclose(got, whole_outputs(model, feeds)["y"], rtol=1e-4, atol=1e-5)
        assert loaded.size_bytes <= 2.5 * size_bytes
    here.look()
    assert len(loaded) == 2
    put_in_place(chain_like(9).SerializeToString(), tmp_path / "net1.onnx")
    with pytest.raises(ModelError, match="is being replaced"):
        here.registry.get("net1")
    here.look()
    here.look()
    assert sha256(here, "net1") == here.registry.entry("net1").sha256


def test_a_look_that_fails_is_not_the_last_one(here: Followed, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it was: the thread goes on."""
    states, looks = FileStates(ModelFolder(here.folder)), []

    def fail_at_first() -> None:
        looks.append(len(looks))
        if len(looks) == 1:
            raise RuntimeError("something that nobody has thought of")

    watch = RepositoryWatch(
        states, states.first(), here.registry, here.store, here.plane.warm, here.dropped.append, fail_at_first
    )
    watch.start(every_s=0.001)
    while len(looks) < 3:
        time.sleep(0.001)
    watch.close()
    assert "nobody has thought of" in caplog.text
