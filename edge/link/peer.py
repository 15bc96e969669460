"""Peer verification: a network's login page or a proxy may answer in the cloud's place.

Judged by what every version of the cloud has always sent, not by a header that older ones lack: errors are
JSON objects with ``error``, the answers of each page have a type and keys of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from evosplit.shared.errors import NotOurCloudError
from evosplit.shared.oip import BINARY_TYPE

JSON_TYPE: Final = "application/json"
_NAME: Final = "evosplit"


@dataclass(frozen=True)
class Reply:
    """A whole HTTP answer. ``content_type`` has no parameters; ``header_length``: `evosplit.shared.oip`.

    ``wait_s`` is what a frame would wait for its turn in the cloud just now; None where it does not say.
    """

    status: int
    content_type: str
    body: bytes
    header_length: str | None = None
    wait_s: float | None = None

    def object(self) -> Mapping[str, Any] | None:
        """The body if it is a JSON object."""
        if self.content_type != JSON_TYPE:
            return None
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return content if isinstance(content, dict) else None

    @property
    def error(self) -> str | None:
        """The cloud's own word on why it refuses; None for success, and for what is no answer of a cloud."""
        content = None if self.status == 200 else self.object()
        reason = None if content is None else content.get("error")
        return reason if isinstance(reason, str) else None


def may_be_ours(content_type: str) -> bool:
    """By the type alone, before anything of the body is read; no answer of the cloud is a page of HTML."""
    return content_type in (JSON_TYPE, BINARY_TYPE)


def is_probe(reply: Reply) -> bool:
    """``POST /v1/probe``: the cloud's name; older clouds answer an empty object."""
    content = reply.object()
    return content is not None and content.get("name", _NAME) == _NAME and content.keys() <= {"name"}


def is_inference(reply: Reply) -> bool:
    """``POST .../infer``: raw tensors and where they begin, or JSON alone."""
    if reply.content_type == BINARY_TYPE:
        return reply.header_length is not None
    return "outputs" in (reply.object() or {})


def is_binary(reply: Reply) -> bool:
    """A file: a skeleton, a bundle."""
    return reply.content_type == BINARY_TYPE and reply.body != b""


def is_health(reply: Reply) -> bool:
    """``GET /v2/health/live`` says nothing."""
    return reply.body in (b"", b"{}")


def stranger(status: int, content_type: str) -> NotOurCloudError:
    """The error for an answer that is not the cloud's."""
    return NotOurCloudError(
        f"{status} {content_type} is no answer of an EvoSplit cloud (a network's login page, or a proxy?)"
    )
