"""Page of an agent's dashboard, open in Chromium and logged in, as benchmarks look at it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator

from benchmarks.link.both_tiers import Tiers


@contextlib.asynccontextmanager
async def open_page(tiers: Tiers) -> AsyncIterator[None]:
    """The live view."""
    from playwright.async_api import async_playwright

    token = tiers.session.headers["Authorization"].removeprefix("Bearer ")
    async with async_playwright() as playwright:
        path = shutil.which("chromium")
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = await browser.new_page()
        await page.goto(tiers.edge.url)
        await page.fill("#token", token)
        await page.click("text=Log in")
        await page.wait_for_selector("header .facts b")
        yield
        await browser.close()
