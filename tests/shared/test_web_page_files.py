"""The dashboard's files: what is served, how it is guarded, and that it needs nothing of others."""

from __future__ import annotations

import re

from evosplit.shared.web.page_files import CONTENT_SECURITY_POLICY, PageFile, page_files

FIRST_LOAD_BYTES = 100_000


def test_an_answer_is_guarded_and_known_again() -> None:
    item = PageFile(b"x = 1;", "text/javascript")
    status, content, headers = item.answer(None)
    assert (status, content, headers["Content-Type"]) == (200, b"x = 1;", "text/javascript")
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    for tags in (item.etag, f"W/{item.etag}", f'"other", {item.etag}', "*"):
        assert item.answer(tags)[:2] == (304, b"")
    assert item.answer('"other"')[0] == 200
    assert PageFile(b"x = 2;", "text/javascript").etag != item.etag


def test_every_file_that_another_one_names_is_served() -> None:
    files = page_files()
    assert "/" in files
    assert "/ui/index.html" not in files
    named = {f"/ui/{name}" for item in files.values() for name in _imported(item)} | set(_linked(files["/"]))
    assert named <= set(files)
    assert set(files) - {"/"} == named, "a file that nothing names"


def test_nothing_is_inline_or_of_other_servers() -> None:
    for path, item in page_files().items():
        text = item.content.decode()
        assert not re.findall(r"(?<!xmlns=\")https?://(?!www\.w3\.org/2000/svg)", text), path
        assert not re.findall(r"\.innerHTML|\.outerHTML|insertAdjacentHTML|\beval\(|new Function", text), path
    page = page_files()["/"].content.decode()
    assert not re.findall(r"<style|style=|<script(?! type=\"module\" src=)|\son\w+=", page)


def test_the_first_load_is_small() -> None:
    assert sum(len(item.content) for item in page_files().values()) < FIRST_LOAD_BYTES


def test_files_hold_one_idea() -> None:
    lines = {path: item.content.decode().count("\n") for path, item in page_files().items()}
    assert {path: count for path, count in lines.items() if count > 150} == {}
    scripts = [item.content.decode() for path, item in page_files().items() if path.endswith(".js")]
    assert all(text.startswith("/** ") for text in scripts)


def _imported(item: PageFile) -> list[str]:
    return re.findall(r'from "\./(\w+\.js)"', item.content.decode())


def _linked(page: PageFile) -> list[str]:
    return re.findall(r'(?:href|src)="(/ui/[^"]+)"', page.content.decode())
