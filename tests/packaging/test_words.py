"""The words and sizes of modules: standard terms first, no private vocabulary, files that hold one idea."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("benchmarks", "cli", "cloud", "edge", "evosplit/library", "kernels", "planner", "shared")
RIDDLES = re.compile(r"(who|what|which|when|where|whether|how|why|everything|nothing|one|from)\b", re.I)
PERSONS = re.compile(r"\b(house|rooms?|curtain|roster|rivals?|lessons?|school|graduates?)\b", re.I)

PLACEHOLDERS = {"one", "found", "at"}
"""Names that do not say what a variable holds."""

LONGEST_LINES = 200
SHORTEST_LINES = 25
ENTRIES = {"__init__.py", "__main__.py"}
REGISTRIES = {
    *("edge/hook_training/trainers", "edge/hooks/classifiers", "kernels/clipping", "planner/baselines"),
    *("shared/card", "shared/graph/passes", "shared/readings"),
}
"""Folders in which every file is an entry of one list, however short."""
LONG = {"shared/profiler.py"}
"""Longer than they should be."""
SHORT = {
    *("edge/memory/trim.py", "evosplit/library/cache.py"),
    *("evosplit/library/card_files.py", "evosplit/library/progress.py"),
    *("shared/graph/value_moves.py", "shared/isotonic.py"),
    *("kernels/entropy_coding/rans.py", "planner/problem/assignment.py", "shared/link.py"),
}
"""A published algorithm, a type or a call that many import, and that nothing else goes with."""


def _modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_modules_open_with_a_term() -> None:
    docstrings = {_name(path): _docstring(path) for path in _modules(*PACKAGES)}
    assert [name for name, text in docstrings.items() if not text or RIDDLES.match(text)] == []
    assert [name for name, text in docstrings.items() if PERSONS.search(text)] == []


def test_modules_hold_one_idea() -> None:
    modules = _modules(*PACKAGES[1:])
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert [_name(path) for path in modules if lines[path] > LONGEST_LINES and not _may_be_long(path)] == []
    assert [_name(path) for path in modules if lines[path] < SHORTEST_LINES and not _may_be_short(path)] == []


def _may_be_long(path: Path) -> bool:
    return _name(path).startswith("kernels/") or _name(path) in LONG


def _may_be_short(path: Path) -> bool:
    return path.name in ENTRIES or _name(path.parent) in REGISTRIES or _name(path) in SHORT


def test_variables_say_what_they_hold() -> None:
    placeholders = {
        f"{_name(path)}:{line}": name
        for path in _modules(*PACKAGES[1:])
        for name, line in _stored_names(ast.parse(path.read_text(encoding="utf-8")))
        if name in PLACEHOLDERS
    }
    assert placeholders == {}


def _stored_names(tree: ast.Module) -> list[tuple[str, int]]:
    """Variables and parameters of a module, each with its line."""
    nodes = list(ast.walk(tree))
    stored = [node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    parameters = [node for node in nodes if isinstance(node, ast.arg)]
    return [(node.id, node.lineno) for node in stored] + [(node.arg, node.lineno) for node in parameters]


def test_the_project_words_are_defined_once() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    words = [word.strip() for cell in cells for word in cell.split(",") if word.strip() != "word"]
    assert sorted(words) == sorted(set(words))
    needed = (
        "model layer cut head tail bits plan bundle profile link hook frame result boundary stream segment"
    )
    assert set(needed.split()) <= set(words)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_glossary_is_linked(name: str) -> None:
    assert "(docs/glossary.md)" in (ROOT / name).read_text(encoding="utf-8")


PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
OUTSIDE = ("shared/models", "shared/data")
"""What lies beside a checkout, not in it."""


def test_what_pages_name_is_there() -> None:
    assert {_name(page): missing for page in PAGES if (missing := _missing_files(page))} == {}


def _missing_files(page: Path) -> list[str]:
    code = " ".join(re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")))
    words = " ".join(word for word in code.split() if not set(word) & set("*<{"))
    packages = "benchmarks|cli|cloud|compose|docs|edge|kernels|planner|shared|tests"
    paths = re.findall(rf"(?<![\w/.])(?:{packages})/[\w/.-]*\w/?", words)
    return [path for path in paths if not path.startswith(OUTSIDE) and not (ROOT / path).exists()]


def _references() -> dict[str, str]:
    """Dotted names in backticks, each with a module that mentions it."""
    dotted = re.compile(r"`(evosplit\.[\w.]*\w)`")
    return {
        name: _name(path) for path in _modules(*PACKAGES) for name in dotted.findall(path.read_text("utf-8"))
    }


def test_what_docstrings_refer_to_is_there() -> None:
    lost = {reference: module for reference, module in _references().items() if not _resolves(reference)}
    assert lost == {}


def _resolves(reference: str) -> bool:
    parts = reference.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        return all((value := getattr(value, part, None)) is not None for part in parts[count:])
    return False
