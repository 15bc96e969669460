"""Power mode of a Jetson, by ``nvpmodel -q``; other machines have none."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Final

_WAIT_S: Final = 5.0
_MODE: Final = re.compile(r"^\s*NV Power Mode:\s*(\S.*?)\s*$", re.MULTILINE)


def power_mode() -> str | None:
    """The name of the mode (``MAXN``, ``15W``); None without the command, or where it fails."""
    command = shutil.which("nvpmodel")
    if command is None:
        return None
    try:
        asked = subprocess.run(  # noqa: S603 - a fixed command
            [command, "-q"], capture_output=True, text=True, timeout=_WAIT_S, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parsed_mode(asked.stdout)


def parsed_mode(output: str) -> str | None:
    """The name in the command's output; None where it says none."""
    said = _MODE.search(output)
    return said.group(1).removeprefix("MODE_").removesuffix("_")[:64] if said else None
