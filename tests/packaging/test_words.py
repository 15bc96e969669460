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

LONGEST_LINES = 200
SHORTEST_LINES = 25
ENTRIES = {"__init__.py", "__main__.py"}
REGISTRIES = {
    *("edge/hook_training/trainers", "edge/hooks/classifiers", "kernels/clipping", "planner/baselines"),
    *("shared/card", "shared/graph/passes", "shared/readings"),
}
"""Folders in which every file is an entry of one list, however short."""
LONG = {"edge/settings.py", "planner/drop/one_by_one.py", "shared/profiler.py"}
"""Longer than they should be."""
SHORT = {
    *("edge/memory_trim.py", "evosplit/library/cache.py"),
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


@pytest.mark.parametrize("path", _modules(*PACKAGES), ids=_name)
def test_a_module_opens_with_a_term(path: Path) -> None:
    docstring = _docstring(path)
    assert docstring
    assert not RIDDLES.match(docstring), docstring.splitlines()[0]
    assert not PERSONS.search(docstring)


@pytest.mark.parametrize("path", _modules(*PACKAGES[1:]), ids=_name)
def test_a_module_holds_one_idea(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    name, package = _name(path), _name(path.parent)
    assert lines <= LONGEST_LINES or name.startswith("kernels/") or name in LONG
    assert lines >= SHORTEST_LINES or path.name in ENTRIES or package in REGISTRIES or name in SHORT


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


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_what_a_page_names_is_there(page: Path) -> None:
    code = " ".join(re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")))
    words = " ".join(word for word in code.split() if not set(word) & set("*<{"))
    packages = "benchmarks|cli|cloud|compose|docs|edge|kernels|planner|shared|tests"
    paths = re.findall(rf"(?<![\w/.])(?:{packages})/[\w/.-]*\w/?", words)
    missing = [path for path in paths if not path.startswith(OUTSIDE) and not (ROOT / path).exists()]
    assert not missing


def _references() -> dict[str, str]:
    """Dotted names in backticks, each with a module that mentions it."""
    dotted = re.compile(r"`(evosplit\.[\w.]*\w)`")
    return {
        name: _name(path) for path in _modules(*PACKAGES) for name in dotted.findall(path.read_text("utf-8"))
    }


@pytest.mark.parametrize(("reference", "module"), sorted(_references().items()))
def test_what_a_docstring_refers_to_is_there(reference: str, module: str) -> None:
    assert _resolves(reference), f"{module} mentions {reference}"


def _resolves(reference: str) -> bool:
    parts = reference.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        return all((value := getattr(value, part, None)) is not None for part in parts[count:])
    return False
