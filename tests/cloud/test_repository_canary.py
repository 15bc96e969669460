"""Versions of a model: the layout, who gets which, and a candidate that goes by itself."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud_support import Client, app_client, plain_request, seeded_feeds
from repository_support import Followed, chain_like, followed, put_in_place

from evosplit.cloud.dataplane import Call
from evosplit.cloud.repository.canary import CanaryWatch
from evosplit.cloud.repository.trial_reports import TrialReports
from evosplit.cloud.repository.version_store import VersionStore
from evosplit.shared import oip
from evosplit.shared.errors import DeadlineError, InputError, ModelError, NotFoundError, UsageError
from evosplit.shared.rollout import Rollout
from tests import models as nets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``chain`` flat, and its version 2; ``net`` in versions 9 and 10."""
    put_in_place(chain_like(0).SerializeToString(), tmp_path / "chain.onnx")
    put_in_place(chain_like(1).SerializeToString(), tmp_path / "net" / "9" / "model.onnx")
    put_in_place(nets.residual_net().SerializeToString(), tmp_path / "net" / "10" / "model.onnx")
    put_in_place(b"no version", tmp_path / "net" / "old" / "model.onnx")
    return tmp_path


@pytest.fixture
def here(folder: Path) -> Followed:
    made = followed(folder)
    put_in_place(chain_like(1).SerializeToString(), folder / "chain" / "2" / "model.onnx")
    made.look()
    made.look()
    return made


@pytest.fixture
def canary(here: Followed) -> Iterator[CanaryWatch]:
    made = CanaryWatch(here.registry, here.plane, here.store, TrialReports(here.folder / "data"))
    yield made
    made.close()


def offered(here: Followed, version: str = "2", share: float = 0.5, least: float | None = None) -> Rollout:
    rollout = here.store.change("chain", lambda held: held.offered(version, share, least))
    here.look()
    return rollout


def clients(rollout: Rollout, version: str) -> Iterator[str]:
    return (key for key in map(str, range(10**6)) if rollout.chosen(key) == version)


def call_of(here: Followed, client: str, version: str | None = None) -> Call:
    body, length = oip.build_request(plain_request(seeded_feeds(here.registry.get("chain"))))
    return Call(body, length, time.perf_counter(), version, client)


def test_the_layout_of_triton(here: Followed) -> None:
    assert list(here.registry.catalogue.versions("net")) == ["9", "10"]
    assert here.registry.get("net").version == "10"
    assert here.registry.get("net", "9").graph.name == "net"
    with pytest.raises(NotFoundError, match="no version '3' of net here; there is 9, 10"):
        here.registry.get("net", "3")


def test_a_new_version_is_not_in_use_until_it_is_promoted(here: Followed) -> None:
    assert here.registry.get("chain").version == "1"
    assert here.registry.get("chain", "2").version == "2"
    here.store.change("chain", lambda held: held.promoted("2"))
    here.look()
    assert here.registry.get("chain").version == "2"
    again = followed(here.folder)
    assert again.registry.get("chain").version == "2"


def test_where_the_version_in_use_is_gone_the_newest_is(here: Followed) -> None:
    (here.folder / "chain.onnx").unlink()
    here.look()
    here.look()
    assert here.registry.get("chain").version == "2"


def test_a_share_of_clients_gets_the_candidate(here: Followed) -> None:
    rollout = offered(here, share=0.25)
    got = [here.registry.entry("chain", None, str(key)).key.version for key in range(2000)]
    assert got == [rollout.chosen(str(key)) for key in range(2000)]
    assert abs(got.count("2") / 2000 - 0.25) < 0.04
    (client,) = (key for key, _ in zip(clients(rollout, "2"), range(1), strict=False))
    answer = oip.parse_response(*here.plane.answer("chain", call_of(here, client)))
    assert answer.model_version == "2"
    (here.folder / "chain" / "2" / "model.onnx").unlink()
    here.look()
    here.look()
    assert here.registry.entry("chain", None, client).key.version == "1"


def wait_until(done: object) -> None:
    end_s = time.monotonic() + 20
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_a_candidate_that_fails_is_rolled_back_by_itself(
    here: Followed, canary: CanaryWatch, caplog: pytest.LogCaptureFixture
) -> None:
    rollout = offered(here)
    pairs = zip(clients(rollout, "1"), clients(rollout, "2"), strict=False)
    for good, bad in (pair for pair, _ in zip(pairs, range(60), strict=False)):
        with canary.watching("chain", call_of(here, good)):
            pass
        with pytest.raises(ModelError), canary.watching("chain", call_of(here, bad)):
            raise ModelError("its tail cannot be built")
        if here.store.read()["chain"].candidate is None:
            break
    wait_until(lambda: here.registry.rollouts["chain"].candidate is None)
    ((version, reason),) = here.store.read()["chain"].rejected
    assert version == "2"
    assert "answers failed, 0 of" in reason
    assert "chain version 2 is rolled back" in caplog.text
    assert {here.registry.entry("chain", None, str(key)).key.version for key in range(100)} == {"1"}


@pytest.mark.parametrize("problem", [DeadlineError("late"), asyncio.CancelledError(), NotFoundError("gone")])
def test_what_says_nothing_of_a_version_is_not_counted(
    here: Followed, canary: CanaryWatch, problem: BaseException
) -> None:
    rollout = offered(here)
    with pytest.raises(type(problem)), canary.watching("chain", call_of(here, next(clients(rollout, "2")))):
        raise problem
    assert canary.trial("chain").candidate.answers == 0


def test_an_input_that_both_refuse_is_the_clients_fault(here: Followed, canary: CanaryWatch) -> None:
    rollout = offered(here)
    client = next(clients(rollout, "2"))
    good = call_of(here, client)
    broken = Call(b"{}", None, 0.0, None, client)
    for call, errors in ((broken, 0), (good, 1)):
        with pytest.raises(InputError), canary.watching("chain", call):
            raise InputError("another shape")
        wait_until(lambda: not canary.is_busy)
        assert canary.trial("chain").candidate.errors == errors


def test_agreement_is_seen_reported_and_held_to_a_limit(here: Followed, canary: CanaryWatch) -> None:
    """Version 2 adds 1 to every score: all classes stay, by the reading of a classifier."""
    rollout = offered(here, least=0.9)
    client = next(clients(rollout, "2"))
    with canary.watching("chain", call_of(here, client)):
        here.plane.answer("chain", call_of(here, client))
    wait_until(lambda: canary.trial("chain").agreements)
    assert canary.trial("chain").agreements == (1.0,)
    canary.keep()
    total = TrialReports(here.folder / "data").total("chain", rollout)
    assert (total.candidate.answers, total.compared, total.agreement) == (1, 1, 1.0)


def test_a_file_of_choices_that_is_broken_is_said_and_nothing_changes(
    here: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    offered(here)
    (here.folder / "data" / "model-versions.json").write_text("{")
    here.look()
    assert here.registry.rollouts["chain"].candidate == "2"
    assert "cannot be followed" in caplog.text
    with pytest.raises(UsageError):
        VersionStore(here.folder / "data").read()


def test_versions_over_http(folder: Path) -> None:
    put_in_place(chain_like(1).SerializeToString(), folder / "chain" / "2" / "model.onnx")
    with app_client(folder) as client:
        services = client.services
        services.registry.follow(services.versions.settle(services.registry.catalogue))
        described = client.get("/v1/models/chain/versions").json()
        assert (list(described["versions"]), described["in_use"], described["canary"]) == (
            ["1", "2"],
            "2",
            None,
        )
        asked = {"action": "promote", "version": "1"}
        assert post(client, asked).json()["in_use"] == "1"
        assert client.get("/v2/models/chain").json()["versions"] == ["1", "2"]
        assert client.get("/v2/models/chain/versions/2/ready").status == 200
        assert client.get("/v2/models/chain/versions/3/ready").status == 404
        tried = post(client, {"action": "canary", "version": "2", "share": 0.1}).json()["canary"]
        assert (tried["version"], tried["share"], tried["answers"]) == ("2", 0.1, 0)
        for wrong in (
            {"action": "canary", "version": "2", "share": 1.5},
            {"action": "canary"},
            {"action": "remove"},
        ):
            assert post(client, wrong).status == 400
        assert post(client, {"action": "canary", "version": "7", "share": 0.1}).status == 404
        back = post(client, {"action": "rollback"}).json()
        assert (back["canary"], back["rejected"]) == (None, [{"version": "2", "reason": "by hand"}])
        assert post(client, {"action": "rollback"}).status == 400


def post(client: Client, asked: object):
    return client.post("/v1/models/chain/versions", json.dumps(asked).encode())
