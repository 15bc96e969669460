"""A page of Markdown that is played: files that it shows, and commands with what they print."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

FILE: Final = re.compile(r"# (?P<name>[\w.-]+\.(?:py|yaml))\n")
"""The first line of a block that a reader is to save."""
PROMPT, CONTINUED = "$ ", "> "


@dataclass(frozen=True)
class ShownFile:
    """A block whose first line names the file that it is to be saved as."""

    line: int
    name: str
    content: str


@dataclass
class Command:
    """A command of a ``console`` block, in one line or several, and the output that the page shows."""

    line: int
    text: str
    output: list[str] = field(default_factory=list)

    @property
    def expected(self) -> str:
        """As text; ``...`` in it stands for anything."""
        return "".join(f"{line}\n" for line in self.output)


def steps_of(page: Path) -> list[ShownFile | Command]:
    """What a reader does, in order. Other blocks (``bash``, ``text``) are only read."""
    steps: list[ShownFile | Command] = []
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        if token.type != "fence" or token.map is None:
            continue
        named = FILE.match(token.content)
        if token.info == "console":
            steps += _commands(token.content, token.map[0] + 2)
        elif named:
            steps.append(ShownFile(token.map[0] + 1, named["name"], token.content))
    return steps


def _commands(block: str, first_line: int) -> list[Command]:
    commands: list[Command] = []
    for number, line in enumerate(block.splitlines(), first_line):
        if line.startswith(PROMPT):
            commands.append(Command(number, line.removeprefix(PROMPT)))
        elif not commands:
            raise ValueError(f"line {number}: output without a command before it: {line!r}")
        elif line.startswith(CONTINUED) and not commands[-1].output:
            commands[-1].text += "\n" + line.removeprefix(CONTINUED)
        else:
            commands[-1].output.append(line)
    return commands


def fits(expected: str, printed: str) -> bool:
    """Whether that was printed: ``...`` stands for anything, and spaces for spaces and line ends."""
    parts = [" ".join(part.split()) for part in expected.split("...")]
    return re.fullmatch(".*".join(map(re.escape, parts)), " ".join(printed.split())) is not None
