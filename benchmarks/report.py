"""Result files: one JSON file each, with the machine that they hold for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from evosplit.shared.machine import this_machine

RESULTS: Final = Path(__file__).parent / "results"


def write_result(name: str, data: Mapping[str, Any]) -> Path:
    """Write ``results/NAME.json``, the machine first, and print it."""
    text = json.dumps({"machine": dataclasses.asdict(this_machine()), **data}, indent=2)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(text + "\n", encoding="utf-8")
    print(text)
    return path
