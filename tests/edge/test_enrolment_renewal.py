"""Another plan table while frames are under way: none is lost, none meets another bundle's heads."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from edge_support import Stage, middle_stage, picture, stage, until
from fake_cloud import TOKEN
from hook_doubles import Told
from net_bundle import make_table, net_card, write_net_bundle
from table_support import model_of, offered, other_bundle, other_table

from evosplit.edge.enrolment import renewal as renewal_file
from evosplit.edge.enrolment.note import bundle_place, open_bundle, read_note, wanted, write_note
from evosplit.edge.enrolment.plan_sites import Seen
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.enrolment.renewal import PlanRenewal
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.hooks.decisions import Exit
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import BundleError, CloudRefusedError, EvoSplitError, ProfileError
from evosplit.shared.expectation import NOTHING_SPARED, ExitShare, Expectation
from evosplit.shared.serial import from_data

pytestmark = pytest.mark.usefixtures("measured_here")


async def test_frames_under_way_end_with_the_table_that_they_began_with(tmp_path: Path) -> None:
    async with middle_stage(tmp_path) as on:
        plans = on.agent.plans
        bundle, old = other_bundle(on, tmp_path / "other.evb"), plans.plan.digest
        whole = (await on.post(picture(1), strategy="edge"))[1]["outcome"]
        frames = [asyncio.create_task(on.post(picture(1), stream=f"s{at % 3}")) for at in range(30)]
        await until(lambda: on.agent.frames.in_flight)
        await plans.adopt(model_of(on, bundle), Heads(bundle))
        frames += [asyncio.create_task(on.post(picture(1), stream=f"s{at % 3}")) for at in range(30)]
        answers = await asyncio.gather(*frames)
        assert {status for status, _ in answers} == {200}
        assert {answer["plan_digest"] for _, answer in answers} <= {
            plan.digest for plan in (*make_table(on.cloud.graph).plans, *bundle.manifest.table.plans)
        }
        assert {answer["outcome"]["top"][0]["class"] for _, answer in answers} == {whole["top"][0]["class"]}
        _, page = await on.get("/v1/plan")
        assert (page["table_changes"], page["calibration"]) == (1, "live")
        assert page["plan_digest"] != old
        assert page["cloud"] == "up"


async def test_a_frame_that_loses_the_cloud_falls_back_in_its_own_table(tmp_path: Path) -> None:
    """The new table has another fallback, whose weights the old bundle lacks, and the other way round."""
    async with middle_stage(tmp_path) as on:
        plans = on.agent.plans
        on.cloud.mode = "hang"
        on.cloud.go_on.clear()
        frame = asyncio.create_task(on.post(picture(1)))
        await until(lambda: on.cloud.inferences == 1)
        before = plans.model.table.fallback.digest
        bundle = other_bundle(on, tmp_path / "other.evb")
        await plans.adopt(model_of(on, bundle), Heads(bundle))
        on.cloud.go_on.set()
        status, answer = await frame
        assert (status, answer["answered_by"], answer["plan_digest"]) == (200, "edge-fallback", before)


async def test_hooks_stay_and_the_old_heads_go(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, audit_share=1e-9) as on:
        plans = on.agent.plans
        tap = on.cloud.graph.layers[0].outputs[0]
        exit_ = Told(tap, Exit({"y": np.eye(5, dtype=np.float32)[[2]] * 9}, 0.97), name="exit-0")
        await plans.change_hooks((exit_,))
        gone = weakref.ref(plans.heads)
        bundle = other_bundle(on, tmp_path / "other.evb")
        await plans.adopt(model_of(on, bundle), Heads(bundle))
        await plans.build_all()
        status, answer = await on.post(picture(1))
        assert (status, answer["answered_by"], answer["hook"]) == (200, "exit", "exit-0")
        await on.agent.frames.drain()
        gc.collect()
        assert gone() is None


async def test_heads_that_cannot_be_built_leave_the_old_table_in_use(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        plans = on.agent.plans
        before = plans.heads
        bundle = other_bundle(on, tmp_path / "other.evb", bits=5)
        with pytest.raises(BundleError, match="no 5-bit weights"):
            await plans.adopt(model_of(on, bundle), Heads(bundle))
        assert plans.heads is before
        assert (await on.post(picture(1)))[0] == 200


@dataclasses.dataclass
class Expected:
    """What hooks are said to spare, and how often a renewal looked at it."""

    now: Expectation = NOTHING_SPARED
    looks: int = 0

    def __call__(self) -> Expectation:
        self.looks += 1
        return self.now

    async def is_seen(self) -> None:
        """Wait for a whole look at what is expected now: the next one but one has begun after it."""
        before = self.looks
        await until(lambda: self.looks > before + 1)


@dataclasses.dataclass
class Renewing:
    """A renewal beside an agent, and the settings that it keeps its bundles by."""

    renewal: PlanRenewal
    settings: EdgeSettings
    expected: Expected


@contextlib.asynccontextmanager
async def renewing(on: Stage, tmp_path: Path) -> AsyncIterator[Renewing]:
    """As an enrolled agent has it: its first bundle and the note are on disk."""
    settings = EdgeSettings(cloud_url=on.cloud_url, model="net", data=tmp_path / "data", token=TOKEN)
    digest = on.cloud.digest
    assert on.cloud.bundle is not None
    bundle_place(settings, digest).write_bytes(on.cloud.bundle.read_bytes())
    write_note(settings, dataclasses.replace(wanted(settings), bundle=digest))
    expected = Expected()
    async with aiohttp.ClientSession() as session:
        client = PlannerClient(session, on.cloud_url, "net", TOKEN)
        bundle = Bundle.open(on.cloud.bundle, digest)
        renewal = PlanRenewal(on.agent.plans, settings, [client], bundle, expected)
        yield Renewing(renewal, settings, expected)


async def test_new_plans_are_asked_for_kept_and_served(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, renewing(on, tmp_path) as new:
        digest, first = offered(on, tmp_path), on.cloud.digest
        assert await new.renewal.renew("to see", Seen("cam-1"))
        assert on.cloud.plan_requests[0]["calibration"] == "cam-1"
        assert (await on.get("/v1/plan"))[1]["calibration"] == "live"
        note = read_note(new.settings)
        assert note is not None
        assert (note.bundle, note.calibration) == (digest, "cam-1")
        assert open_bundle(new.settings, digest).digest == digest
        assert bundle_place(new.settings, first).exists()  # frames under way may want a head of it
        third = offered(on, tmp_path, 0.6)
        assert await new.renewal.renew("again")
        assert on.cloud.plan_requests[1]["calibration"] == "cam-1"
        assert not bundle_place(new.settings, first).exists()
        assert {place.name for place in new.settings.folder.glob("bundle-*")} == {
            bundle_place(new.settings, one).name for one in (digest, third)
        }


@pytest.mark.parametrize("fault", ["away", "refuses", "other bytes", "other model", "no heads", "full disk"])
async def test_without_new_plans_the_old_ones_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    async with stage(tmp_path) as on, renewing(on, tmp_path) as new:
        serving, first = on.agent.plans.heads, on.cloud.digest
        offered(on, tmp_path, bits=5 if fault == "no heads" else 8)
        if fault == "away":
            await on.cloud_server.close()
        elif fault == "refuses":
            on.cloud.plans_refused = 422
        elif fault == "other bytes":
            on.cloud.next_bundles[0] = (on.cloud.next_bundles[0][0], "ab" * 32)
        elif fault == "other model":
            on.cloud.graph = dataclasses.replace(on.cloud.graph, sha256="0" * 64)
        elif fault == "full disk":
            monkeypatch.setattr("evosplit.edge.enrolment.planner_client.Path.write_bytes", full)
        with pytest.raises((EvoSplitError, OSError)):
            await new.renewal.renew("to see")
        note = read_note(new.settings)
        assert note is not None
        assert (note.bundle, open_bundle(new.settings, first).digest) == (first, first)
        assert on.agent.plans.heads is serving
        assert (await on.post(picture(1), strategy="edge"))[0] == 200


async def test_an_agent_that_is_killed_while_the_table_is_written_starts_with_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundle lies in its place, the note does not point at it yet."""

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    async with stage(tmp_path) as on, renewing(on, tmp_path) as new:
        digest, first = offered(on, tmp_path), on.cloud.digest
        monkeypatch.setattr("evosplit.edge.enrolment.plan_sites.write_note", kill)
        with pytest.raises(Killed):
            await new.renewal.renew("to see")
        assert bundle_place(new.settings, digest).exists()
        note = read_note(new.settings)
        assert note is not None
        assert open_bundle(new.settings, note.bundle).digest == first


async def test_of_tables_that_race_the_last_one_asked_for_serves(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, renewing(on, tmp_path) as new:
        on.cloud.plan_s = 0.1
        offered(on, tmp_path, 0.5)
        last = offered(on, tmp_path, 0.6)
        waits = [asyncio.create_task(new.renewal.renew(str(at), Seen(f"s{at}"))) for at in range(2)]
        await until(lambda: on.cloud.plan_requests)
        waits.append(asyncio.create_task(new.renewal.renew("2", None)))
        assert await asyncio.gather(*waits) == [False, False, True]
        assert len(on.cloud.plan_requests) == 2
        assert on.cloud.plan_requests[1]["calibration"] == "s1"
        assert on.agent.plans.table_changes == 1
        note = read_note(new.settings)
        assert note is not None
        assert (note.bundle, note.calibration) == (last, "s1")


async def test_another_card_serves_from_the_next_start_on(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, renewing(on, tmp_path) as new:
        card = net_card(on.cloud.graph)
        path = tmp_path / "card.evb"
        renamed = card.model_copy(update={"name": "another"})
        digest = write_net_bundle(on.cloud.graph, path, other_table(on), renamed, "live")
        on.cloud.next_bundles.append((path, digest))
        with pytest.raises(CloudRefusedError, match="next start"):
            await new.renewal.renew("to see")
        assert on.agent.plans.table_changes == 0
        note = read_note(new.settings)
        assert note is not None
        assert note.bundle == digest


async def test_what_hooks_spare_is_planned_for_while_frames_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(renewal_file, "LOOK_S", 0.01)
    async with stage(tmp_path) as on, renewing(on, tmp_path) as new:
        on.cloud.plans_refused = 422
        run = asyncio.create_task(new.renewal.run())
        new.expected.now = Expectation(wire_share=0.95)
        await new.expected.is_seen()
        assert on.cloud.plan_requests == []
        new.expected.now = Expectation((ExitShare("x", 0.5, 0.001),), {"c": 0.5}, 0.3)
        await until(lambda: len(on.cloud.plan_requests) == 2)
        assert "the plans stay as they are: the cloud answered 422" in caplog.text
        offered(on, tmp_path)
        on.cloud.plans_refused = 0
        await until(lambda: on.agent.plans.table_changes == 1)
        asked = from_data(Expectation, on.cloud.plan_requests[-1]["expectation"], ProfileError)
        assert asked == new.expected.now
        count = len(on.cloud.plan_requests)
        await new.expected.is_seen()
        assert len(on.cloud.plan_requests) == count
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


async def test_what_the_cloud_learned_to_restore_is_planned_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal_file, "LOOK_S", 0.01)
    monkeypatch.setattr(renewal_file, "RESTORATION_LOOKS", 2)
    async with stage(tmp_path) as on:
        offered(on, tmp_path)
        on.cloud.restorations = "learned"
        await until(lambda: on.agent.plans.table_changes == 1)
        assert on.cloud.plan_requests[0]["restores"] is True
        described = len(on.cloud.calls)
        await until(lambda: len(on.cloud.calls) > described + 3)  # it goes on to look
        assert len(on.cloud.plan_requests) == 1


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")
