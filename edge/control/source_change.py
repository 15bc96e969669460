"""Changes of one frame source while it runs: its rate, a pause, any other setting."""

from __future__ import annotations

import json
from typing import Any

from evosplit.edge.control.json_request import json_object
from evosplit.edge.sources.source_run import SourceRun
from evosplit.edge.sources.source_settings import source_settings
from evosplit.edge.sources.sources import Sources
from evosplit.shared.errors import NotFoundError
from evosplit.shared.serial import to_data

_WHAT = 'the settings that change, like {"rate": 5} or {"paused": true}'


async def put_source(sources: Sources, name: str, content: bytes) -> None:
    """Add a source or change it: all its settings but the name. Raises UsageError, MissingExtraError."""
    told = json_object(content, "the source's settings, at least its address")
    await sources.put(source_settings({**told, "name": name}))


async def change_source(sources: Sources, name: str, content: bytes) -> None:
    """Change some settings of a source that is there; it is opened anew. Raises NotFoundError, UsageError."""
    changes, run = json_object(content, _WHAT), _run(sources, name)
    if run is None:
        raise NotFoundError(f"no source {name[:64]!r}")
    await sources.put(source_settings({**run.told.model_dump(), **changes, "name": name}))


async def set_source(sources: Sources, name: str, content: bytes) -> None:
    """By a topic: ``null`` removes the source, settings change it, and add one that is not there."""
    if content.strip() == b"null":
        await sources.remove(name)
    elif _run(sources, name) is None:
        await put_source(sources, name, content)
    else:
        await change_source(sources, name, content)


def source_states(sources: Sources) -> dict[str, bytes]:
    """By name, as JSON: what changes seldom; addresses are shown without passwords."""
    return {run.told.name: json.dumps(_seldom(run)).encode() for run in sources.runs}


def _seldom(run: SourceRun) -> dict[str, Any]:
    told = {**to_data(run.told), "address": run.told.where}
    return {**told, "state": run.state.state, "trouble": run.state.trouble}


def _run(sources: Sources, name: str) -> SourceRun | None:
    return next((run for run in sources.runs if run.told.name == name), None)
