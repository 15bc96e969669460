"""Objects of the edge are built complete: nobody assigns an attribute of another object."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

EDGE = Path(__file__).resolve().parents[2] / "edge"


def foreign_assignments(code: str) -> Iterator[str]:
    """Attributes that are assigned or deleted on anything but ``self`` and ``cls``, and calls of setattr."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("setattr", "object.__setattr__"):
            first = ast.unparse(node.args[0]) if node.args else ""
            if first != "self":
                yield ast.unparse(node)


@pytest.mark.parametrize(
    "path", sorted(EDGE.rglob("*.py")), ids=lambda path: path.relative_to(EDGE).as_posix()
)
def test_nobody_assigns_an_attribute_of_another_object(path: Path) -> None:
    assert list(foreign_assignments(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    [
        "engine.policy = policy",
        "self.heads.hooks = ()",
        "a.b += 1",
        "a.b, self.c = 1, 2",
        "cloud.changed: object = f",
        "for a.b in c: pass",
        "del a.b",
        "setattr(engine, 'policy', policy)",
        "object.__setattr__(job, 'feeds', feeds)",
        "with a as b.c: pass",
    ],
)
def test_the_check_sees_assignments(code: str) -> None:
    assert len(list(foreign_assignments(code))) == 1


@pytest.mark.parametrize(
    "code", ["self.a = b.c", "cls.a = 1", "a[b.c] = 1", "object.__setattr__(self, 'a', 1)"]
)
def test_the_check_passes_over_the_rest(code: str) -> None:
    assert list(foreign_assignments(code)) == []
