"""Findings of the agent's self-diagnosis, line by line as they are made."""

from __future__ import annotations

import asyncio
from typing import Final

from rich.text import Text

from evosplit.cli.output import stdout
from evosplit.edge.doctor.examine import examine
from evosplit.edge.doctor.finding import Finding
from evosplit.edge.settings import EdgeSettings

_STYLES: Final = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def print_findings(settings: EdgeSettings) -> list[Finding]:
    """Examine, print, and give what was found."""
    return asyncio.run(_printed(settings))


async def _printed(settings: EdgeSettings) -> list[Finding]:
    findings: list[Finding] = []
    async for finding in examine(settings):
        findings.append(finding)
        stdout.print(_line(finding), soft_wrap=True)
    return findings


def _line(finding: Finding) -> Text:
    line = Text(f"{finding.level:8}", _STYLES[finding.level])
    line.append(f"{finding.check}: {finding.seen}", "default")
    if finding.advice:
        line.append(f"\n        {finding.advice}", "dim")
    return line
