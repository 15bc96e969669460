"""An agent that reads its own sources: added, changed, removed and kept by HTTP; results are streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_support import Stage, picture, stage
from source_support import write_video

from evosplit.shared.plan_pin import Pin


async def _put(on: Stage, name: str, **settings: Any) -> int:
    async with on.client.put(f"{on.url}/v1/sources/{name}", json=settings) as answer:
        return answer.status


async def _sources(on: Stage) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in (await on.get("/v1/sources"))[1]["sources"]}


async def _until_taken(on: Stage, name: str, count: int) -> None:
    while (await _sources(on))[name]["taken"] < count:
        pass


async def _results(on: Stage, stream: str) -> list[dict[str, Any]]:
    page = (await on.get("/v1/results", stream=stream, order="asc"))[1]
    results: list[dict[str, Any]] = page["results"]
    return results


async def test_a_video_and_a_folder_become_streams_of_results(tmp_path: Path) -> None:
    video, folder = write_video(tmp_path / "video.mp4", 5), tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(1))
    async with stage(tmp_path / "agent", hooks=False) as on:
        await on.agent.plans.hold_to(Pin("0"))  # a busy machine's link has plans change, and so scores
        assert await _put(on, "gate", address=str(video)) == 200
        assert await _put(on, "inbox", address=f"{folder}/") == 200
        await _until_taken(on, "gate", 5)
        await _until_taken(on, "inbox", 1)
        assert len(await _results(on, "gate")) == 5
        (from_folder,) = await _results(on, "inbox")
        told = (await on.post(picture(1)))[1]
        assert from_folder["outcome"] == told["outcome"]
        assert 'evosplit_source_taken_frames{source="gate"} 5.0' in await _metrics(on)
        async with on.client.delete(f"{on.url}/v1/sources/gate") as answer:
            assert answer.status == 200
        assert list(await _sources(on)) == ["inbox"]
        assert (await on.get("/v1/sources"))[1]["sources"][0]["state"] == "playing"


async def _metrics(on: Stage) -> str:
    async with on.client.get(f"{on.url}/metrics") as answer:
        return await answer.text()


async def test_what_is_wrong_is_refused_and_what_hangs_holds_up_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path / "agent", hooks=False) as on:
        assert await _put(on, "gate", address="ftp://camera") == 400
        assert await _put(on, "gate", address="x.mp4", colour="red") == 400
        async with on.client.put(f"{on.url}/v1/sources/gate", data=b"[]") as answer:
            assert answer.status == 400
        async with on.client.delete(f"{on.url}/v1/sources/gate") as answer:
            assert answer.status == 404
        assert await _put(on, "gone", address=str(tmp_path / "none.mp4")) == 200
        while (await _sources(on))["gone"]["state"] != "resting":
            pass
        assert "cannot be read" in (await _sources(on))["gone"]["trouble"]
        assert (await on.post(picture(1)))[0] == 200


async def test_added_sources_outlive_the_agent(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    async with stage(tmp_path / "agent", hooks=False) as on:
        await _put(on, "inbox", address=f"{folder}/", every=1)
        kept = on.agent.store  # the folder of the agent's data is that of its store
        assert kept is not None
    (folder / "a.png").write_bytes(picture(2))
    async with stage(tmp_path / "agent", hooks=False) as on:
        await _until_taken(on, "inbox", 1)
