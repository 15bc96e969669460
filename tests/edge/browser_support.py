"""Chromium on a page of ours: its errors are kept, its accessibility is checked by axe."""

from __future__ import annotations

import contextlib
import importlib.resources
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
REFUSED = "the server responded with a status of 4"
"""What Chromium writes for answers that are meant: a wrong token, a stream without a picture."""


@dataclass
class Tab:
    """A page of its own session. ``errors`` has its console's errors, violations of its policy among them."""

    page: Any
    errors: list[str] = field(default_factory=list)

    async def log_in(self, token: str) -> None:
        await self.page.fill("#token", token)
        await self.page.click("text=Log in")

    async def view(self, title: str) -> None:
        await self.page.click(f"nav >> text={title}")

    async def shows(self, selector: str, text: str) -> None:
        """Wait until an element has a text."""
        await self.page.locator(selector, has_text=text).first.wait_for()

    async def findings(self) -> list[str]:
        """Serious findings of axe on what is shown."""
        code = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
        await self.page.evaluate(code)
        violations = (await self.page.evaluate("axe.run()"))["violations"]
        serious = [item for item in violations if item["impact"] in ("serious", "critical")]
        return [f"{item['id']}: {node['html']}" for item in serious for node in item["nodes"]]


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Any]:
    """A headless browser; skips where there is none."""
    api = pytest.importorskip("playwright.async_api", reason="needs playwright, which is in the extra dev")
    if CHROMIUM is None:
        pytest.skip("needs chromium (the Debian package), which is not here")
    async with api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def tab(browser: Any, url: str, **options: Any) -> AsyncIterator[Tab]:
    """A page at an address, forgotten afterwards; it must have had no errors."""
    context = await browser.new_context(**options)
    opened = Tab(await context.new_page())
    opened.page.on("console", lambda said: _note(opened, said.type, said.text))
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.set_default_timeout(20_000)
    await opened.page.goto(url)
    try:
        yield opened
    finally:
        await context.close()
    assert opened.errors == []


def _note(opened: Tab, kind: str, text: str) -> None:
    if kind == "error" and REFUSED not in text:
        opened.errors.append(text)
