"""YAML settings with their lines: what is wrong is said with where it stands, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.shared.config.yaml_entries import Entry, parse_entries, read_entries
from evosplit.shared.errors import UsageError


def test_values_and_lines() -> None:
    text = "# remark\nmodel: gate\n\nsource:\n  - a/\n  - b/\nport: 9000\n"
    assert parse_entries(text, "x") == {
        "model": Entry("gate", 2),
        "source": Entry(["a/", "b/"], 4),
        "port": Entry(9000, 7),
    }
    assert parse_entries("", "x") == parse_entries("# nothing\n", "x") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "x, line 3: a is given twice, first in line 1"),
        ("a:\n  b: 1\n  b: 2\n", "x, line 3: b is given twice, first in line 2"),
        ("- a\n", "x, line 1: not settings"),
        ("a: [1\nb\n", "x, line 3: not YAML"),
        ("a: !!python/name:os.system x\n", "x, line 1: not YAML"),
        ("a: 2026-99-99\n", "x: not YAML"),
        ("a: &a [*a]\na: 1\n", "x, line 2: a is given twice"),
        ("a: \x00\n", "x: not YAML"),
    ],
)
def test_wrong_files(text: str, said: str) -> None:
    with pytest.raises(UsageError) as wrong:
        parse_entries(text, "x")
    assert said in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_entries(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    with pytest.raises(UsageError, match="not a text in UTF-8"):
        read_entries(tmp_path / "latin.yaml")


_values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.integers(), max_size=3))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), _values, max_size=8))
def test_as_a_plain_reader_reads_it(told: dict) -> None:
    text = yaml.safe_dump(told, sort_keys=False)
    entries = parse_entries(text, "x")
    expected = {str(key): value for key, value in yaml.safe_load(text).items()}
    assert {name: entry.value for name, entry in entries.items()} == expected
    lines = text.splitlines()
    assert all(
        yaml.safe_load(lines[entry.line - 1].partition(":")[0]) is not None for entry in entries.values()
    )
