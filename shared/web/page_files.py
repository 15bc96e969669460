"""Static files of the dashboard: each with its type, entity tag (RFC 9110) and security headers.

They are served without a token, since they hold nothing that is secret: the page asks for one, and sends it
with each request to the API.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""No inline code, nothing of other servers, no frame around the page."""
_FOLDER: Final = Path(__file__).parent / "static"
_SECURE: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class PageFile:
    """One file as it goes over the wire."""

    content: bytes
    content_type: str

    @functools.cached_property
    def etag(self) -> str:
        """Strong entity tag: it changes with the content alone."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    def answer(self, if_none_match: str | None) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers; 304 without a body for who has it already."""
        headers = {**_SECURE, "ETag": self.etag, "Cache-Control": "no-cache"}
        known = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
        if self.etag in known or "*" in known:
            return 304, b"", headers
        return 200, self.content, {**headers, "Content-Type": self.content_type}


@functools.cache
def page_files() -> Mapping[str, PageFile]:
    """By path: the page itself is at ``/``, what it loads below ``/ui/``."""
    paths = sorted(path for path in _FOLDER.rglob("*") if path.suffix in _TYPES)
    loaded = {
        f"/ui/{path.relative_to(_FOLDER).as_posix()}": PageFile(path.read_bytes(), _TYPES[path.suffix])
        for path in paths
    }
    return {"/": loaded.pop("/ui/index.html"), **loaded}
