"""Journeys through the agent's dashboard in a real browser."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from browser_support import Tab, chromium, tab
from edge_support import Stage, picture, stage, until
from fake_cloud import TOKEN

from evosplit.edge.previews.change_grid import CHANGES, packed_changes

pytestmark = pytest.mark.asyncio(loop_scope="module")

VIEWS = ("Live", "Plan", "Hooks", "Results", "Sources and sinks")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Any]:
    async with chromium() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def on(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with stage(tmp_path_factory.mktemp("stage") / "agent", thumbnail_bytes=10**6) as made:
        yield made


@contextlib.asynccontextmanager
async def frames(on: Stage, stream: str) -> AsyncIterator[None]:
    """Ten frames a second while it lasts."""

    async def send() -> None:
        for seed in range(10_000):
            await on.post(picture(seed % 20, (48, 64)), stream=stream)
            await asyncio.sleep(0.1)

    task = asyncio.create_task(send())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def logged_in(browser: Any, on: Stage, **options: Any) -> AsyncIterator[Tab]:
    async with tab(browser, on.url, **options) as opened:
        await opened.log_in(TOKEN)
        await opened.shows("header .facts", "cloud up")
        yield opened


async def test_a_wrong_token_is_refused_and_the_right_one_shows_frames_as_they_come(
    browser: Any, on: Stage
) -> None:
    async with tab(browser, on.url) as opened:
        await opened.log_in("wrong")
        await opened.shows(".trouble", "This token is not known here.")
        await opened.log_in(TOKEN)
        async with frames(on, "hall"):
            await opened.shows("#newest", "answered by")
            first = await opened.page.inner_text("#newest")
            await opened.page.wait_for_function(
                "() => document.querySelector('.picture img').naturalWidth > 0"
            )
            await opened.page.wait_for_function(
                "text => document.querySelector('#newest').innerText !== text", arg=first
            )
        assert TOKEN not in opened.page.url
        await opened.page.reload()
        await opened.shows("header .facts", "cloud up")
        await opened.page.click("#log-out")
        await opened.page.wait_for_selector("#token")
        assert await opened.page.evaluate("sessionStorage.length") == 0


async def test_results_are_filtered(browser: Any, on: Stage) -> None:
    await on.post(picture(1), stream="yard")
    await on.post(picture(2), stream="gate")
    async with logged_in(browser, on) as opened:
        await opened.shows("#newest", "answered by")
        await opened.view("Results")
        await opened.shows("main table", "yard")
        await opened.page.fill("[name=stream]", "gate")
        await opened.page.click("text=Show")
        await opened.shows("#shown", "1 results, the newest first")
        assert "yard" not in await opened.page.inner_text("main table")
        await opened.shows("#counts", "1")
        await opened.page.select_option("#split", "stream")
        await opened.shows("#counts", "gate 1")
        assert await opened.page.locator("svg[aria-label='Results over time'] path.s0").get_attribute("d")
        await opened.page.fill("[name=label]", "unicorn")
        await opened.page.click("text=Show")
        await opened.shows("main table", "No results for this filter.")
        await opened.page.fill("[name=label]", "")
        await opened.page.select_option("[name=answered_by]", "nobody")
        await opened.page.click("text=Show")
        await opened.shows("main table", "No results for this filter.")


async def test_a_result_has_its_picture(browser: Any, on: Stage) -> None:
    await on.post(picture(5), stream="porch")
    async with logged_in(browser, on) as opened:
        await opened.view("Results")
        await opened.page.fill("[name=stream]", "porch")
        await opened.page.click("text=Show")
        await opened.shows("#shown", "1 results")
        await opened.page.click("main table button")
        await opened.page.wait_for_function("() => document.querySelector('#thumbnail img').naturalWidth > 0")


async def test_what_was_computed_anew_is_shown_over_the_picture(browser: Any, on: Stage) -> None:
    await on.post(picture(7, (48, 64)), stream="yard")

    async def masked(route: Any) -> None:
        reply = await route.fetch()
        grid = np.array([[False, True, True, False], [False, False, False, True]])
        await route.fulfill(
            response=reply, headers={**reply.headers, CHANGES: packed_changes(grid, (0.0, 0.0, 0.5, 1.0))}
        )

    async with logged_in(browser, on) as opened:
        await opened.page.wait_for_selector("#stream option[value=yard]", state="attached")
        await opened.page.select_option("#stream", "yard")
        await opened.page.check("#changes")
        await opened.shows("#changed", "Computed anew: all of it")
        await opened.page.route("**/v1/streams/yard/picture?changes=1", masked)
        await on.post(picture(8, (48, 64)), stream="yard")
        await opened.shows("#changed", "Computed anew: 25.0 %")
        drawn = opened.page.locator(".over path.changed")
        assert await drawn.get_attribute("d") == "M32 0H64V24H32zM64 24H64V48H64z"
        assert await opened.findings() == []
        await opened.page.uncheck("#changes")
        await drawn.wait_for(state="detached")
        assert await opened.page.inner_text("#changed") == ""


async def test_a_segmentation_is_drawn_over_the_picture(browser: Any, on: Stage) -> None:
    _, answer = await on.post(picture(9, (48, 64)), stream="road")
    areas = [{"class": 0, "label": "background", "share": 0.75}, {"class": 3, "label": "road", "share": 0.25}]
    mask = {"width": 4, "height": 2, "runs": [0, 2, 3, 2, 0, 4]}

    async def segmented(route: Any) -> None:
        reply = await route.fetch()
        page = await reply.json()
        for result in page["results"]:
            if result["frame_id"] == answer["frame_id"]:
                result["outcome"] = {"areas": areas, "mask": mask}
        await route.fulfill(response=reply, json=page)

    async with tab(browser, on.url) as opened:
        await opened.page.route("**/v1/results?limit=*", segmented)
        await opened.log_in(TOKEN)
        await opened.page.wait_for_selector("#stream option[value=road]", state="attached")
        await opened.page.select_option("#stream", "road")
        await opened.shows(".picture .tags", "road 25 %")
        drawn = opened.page.locator(".over path.area")
        assert await drawn.get_attribute("d") == "M32 0H64V24H32z"
        assert await drawn.get_attribute("class") == "area s3"


async def test_a_plan_is_pinned_and_let_go(browser: Any, on: Stage) -> None:
    async with logged_in(browser, on) as opened:
        await opened.view("Plan")
        await opened.page.fill("#asked", "1")
        await opened.shows("#answer", "At 1.00 Mbit/s: cut 3")
        row = opened.page.locator("main tr", has=opened.page.locator("td:nth-child(2):text-is('3')"))
        await row.locator("button").click()
        await opened.shows("#choice", "Pinned to plan")
        await opened.shows("header .facts", "cut 3, pinned")
        assert on.agent.plans.plan.cut_key == "3"
        await opened.page.click("#automatic")
        await opened.shows("#choice", "Automatic")
        assert on.agent.plans.pin is None


async def test_a_cloud_that_goes_away_is_told_until_it_is_back(browser: Any, on: Stage) -> None:
    async with logged_in(browser, on) as opened:
        on.cloud.page = (503, "text/html", b"closed")
        async with frames(on, "hall"):
            await opened.shows("#banner", "The cloud is away")
            await opened.shows("#newest", "edge-fallback")
            on.cloud.page = None
            await until(lambda: not on.agent.clouds.are_away)
            await opened.page.locator("#banner p").wait_for(state="detached")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_view_is_accessible_on_a_phone(browser: Any, on: Stage, scheme: str) -> None:
    await on.post(picture(3), stream="hall")
    phone = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme}
    async with tab(browser, on.url, **phone) as opened:
        assert await opened.findings() == []
        await opened.log_in(TOKEN)
        await opened.shows("header .facts", "cloud up")
        for title in VIEWS:
            await opened.view(title)
            await opened.page.wait_for_selector("main section")
            assert await opened.page.evaluate("document.documentElement.scrollWidth") <= 360, title
            assert await opened.findings() == [], title
        paper = await opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(17, 21, 28)") is (scheme == "dark")
