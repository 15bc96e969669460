from __future__ import annotations

from pathlib import Path

import pytest

from tests.tutorials.console_page import Command, ShownFile, fits, steps_of

PAGE = """
Text.

```python
# ask.py
print(1)
```

```bash
rm -rf not-played
```

```console
$ python ask.py
1
$ echo "a
> b" &
```
"""


def test_files_and_commands_in_order(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert steps_of(page) == [
        ShownFile(4, "ask.py", "# ask.py\nprint(1)\n"),
        Command(14, "python ask.py", ["1"]),
        Command(16, 'echo "a\nb" &', []),
    ]


def test_output_without_a_command_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\nhello\n```\n")
    with pytest.raises(ValueError, match="line 2"):
        steps_of(page)


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("plan ...: cut 4\n", "plan 5f2a: cut 4\n", True),
        ("a\n...\nb\n", "a\nb\n", True),
        ("a  b\n", "a b\n", True),
        ("", "surprise\n", False),
        ("cut 4\n...\n", "cut 39\n", False),
    ],
)
def test_three_dots_stand_for_anything(expected: str, printed: str, same: bool) -> None:
    assert fits(expected, printed) is same
