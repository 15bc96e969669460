"""Four large pictures at once leave the agent within the 1 GB of its container."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_AGENT = """
import asyncio, io, sys
from pathlib import Path
from PIL import Image
from edge_support import stage

def large():
    content = io.BytesIO()
    Image.new("RGBA", (8000, 8000)).save(content, "PNG", compress_level=1)
    return content.getvalue()

async def main():
    async with stage(Path(sys.argv[1]), hooks=False) as on:
        content = large()
        answers = await asyncio.gather(*(on.post(content, strategy="edge") for _ in range(4)))
        print(*(status for status, _ in answers))

asyncio.run(main())
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line for line in lines if line.startswith("VmHWM")).split()[1])
"""


def test_four_large_pictures_at_once(tmp_path: Path) -> None:
    """The process holds the agent, its client, a cloud and the maker of the picture as well."""
    done = subprocess.run(
        [sys.executable, "-c", _AGENT, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env={"PYTHONPATH": ":".join(entry for entry in sys.path if entry)},
    )
    statuses, peak_kb = done.stdout.split("\n")[:2]
    assert statuses.split() == ["200"] * 4
    assert int(peak_kb) * 1024 < 1e9
