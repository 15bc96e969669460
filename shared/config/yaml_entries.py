"""YAML mapping with line numbers: each key once, each value with the line that it stands on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from evosplit.shared.errors import UsageError


@dataclass(frozen=True)
class Entry:
    """One value of a file, and the line of its key, from 1."""

    value: Any
    line: int


def read_entries(path: Path) -> Mapping[str, Entry]:
    """The settings of a YAML file, empty for an empty file. Raises UsageError with the line that is wrong."""
    try:
        return parse_entries(path.read_text(encoding="utf-8"), str(path))
    except OSError as problem:
        raise UsageError(f"cannot read {path}: {(problem.strerror or str(problem)).lower()}") from None
    except UnicodeDecodeError:
        raise UsageError(f"cannot read {path}: it is not a text in UTF-8") from None


def parse_entries(text: str, name: str) -> Mapping[str, Entry]:
    """The entries of a text; ``name`` is what errors call it. Raises UsageError."""
    try:
        loader = yaml.SafeLoader(text)
        try:
            return _entries(loader, loader.get_single_node(), name)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        place = "" if mark is None else f", line {mark.line + 1}"
        raise UsageError(f"{name}{place}: not YAML: {wrong.problem or wrong.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as wrong:
        raise UsageError(f"{name}: not YAML: {' '.join(str(wrong).split())}") from None


def _entries(loader: yaml.SafeLoader, root: yaml.Node | None, name: str) -> dict[str, Entry]:
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        line = root.start_mark.line + 1
        raise UsageError(f"{name}, line {line}: not settings: write one `name: value` a line")
    _refuse_twice(root, name)
    return {
        str(loader.construct_object(key, deep=True)): Entry(
            loader.construct_object(value, deep=True),
            key.start_mark.line + 1,
        )
        for key, value in root.value
    }


def _refuse_twice(root: yaml.Node, name: str) -> None:
    for mapping in _mappings(root, set()):
        lines: dict[str, int] = {}
        for key, _ in mapping.value:
            text, line = str(key.value), key.start_mark.line + 1
            if text in lines:
                raise UsageError(f"{name}, line {line}: {text} is given twice, first in line {lines[text]}")
            lines[text] = line


def _mappings(node: yaml.Node, seen: set[int]) -> Iterator[yaml.MappingNode]:
    """All mappings of a document; one that names itself (``&a [*a]``) once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value, seen)
