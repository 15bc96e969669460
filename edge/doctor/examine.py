"""All checks of an agent with its settings, from the machine to the clouds; nothing is changed by them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncIterator
from importlib.metadata import version

import onnxruntime

from evosplit.edge.device.device_watch import read_device
from evosplit.edge.device.nvpmodel import power_mode
from evosplit.edge.doctor.clock import check_clock, clock_state
from evosplit.edge.doctor.clouds import CloudChecks
from evosplit.edge.doctor.disk import check_disk, kept_bytes
from evosplit.edge.doctor.finding import Finding, problem
from evosplit.edge.doctor.machine import check_machine, check_memory, check_provider, free_memory_bytes
from evosplit.edge.doctor.wiring import check_wiring
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.token import given_token, read_token


async def examine(settings: EdgeSettings) -> AsyncIterator[Finding]:
    """Findings as they are made."""
    yield check_clock(time.time(), clock_state())
    device = dataclasses.replace(read_device(), power_mode=power_mode())
    for finding in check_machine(device):
        yield finding
    yield check_memory(free_memory_bytes())
    yield check_provider(settings.provider, onnxruntime.get_available_providers())
    for finding in check_disk(settings.folder, kept_bytes(settings)):
        yield finding
    for finding in check_wiring(settings):
        yield finding
    try:
        token, files = _token(settings), settings.cloud_tls
        context = None if files is None else files.context()
    except EvoSplitError as refused:
        yield problem("token and authority", str(refused), "mend the file, or name another one")
        return
    async with cloud_session(context) as session:
        for url in settings.cloud_url:
            checks = CloudChecks(session, url, settings.model, token, version("evosplit"))
            async for finding in checks.findings():
                yield finding


def _token(settings: EdgeSettings) -> str | None:
    """What the cloud would be shown; the agent would make one where there is none. Raises UsageError."""
    if settings.cloud_token_file is not None:
        return read_token(settings.cloud_token_file)
    stored = settings.data / "token"
    kept = read_token(stored) if stored.exists() else None
    return settings.token or given_token(settings.token_file) or kept
