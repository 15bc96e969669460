"""The notebook of docs/ runs from top to bottom, and is kept without outputs, which would go stale."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "library.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """As a reader runs it, with nothing measured before."""
    folder = tmp_path_factory.mktemp("notebook")
    here = {"XDG_CACHE_HOME": folder, "IPYTHONDIR": folder, "PYTHONPATH": ROOT}
    environment = os.environ | {name: str(place) for name, place in here.items()}
    book = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(book, timeout=120, kernel_name="python3").execute(cwd=str(folder), env=environment)
    return book


def outputs_of(book: nbformat.NotebookNode, code: str) -> list[nbformat.NotebookNode]:
    (cell,) = [cell for cell in book.cells if code in cell.source and cell.cell_type == "code"]
    return list(cell.outputs)


def test_it_is_kept_without_outputs() -> None:
    book = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_answers_are_tables_and_plots(executed: nbformat.NotebookNode) -> None:
    for code in ("evosplit.load(file)", 'side="cloud"', "found = evosplit.plan", "evosplit.compare"):
        shown = [one.data for one in outputs_of(executed, code) if "data" in one]
        assert any("<table>" in data.get("text/html", "") for data in shown), code
    for code in ("found.plot()", "table.plot()", "evosplit.pareto", "rows.plot()"):
        shown = [one.data for one in outputs_of(executed, code) if "data" in one]
        assert any("image/png" in data for data in shown), code


def test_the_parts_give_the_networks_answer(executed: nbformat.NotebookNode) -> None:
    (said,) = outputs_of(executed, "parts.tail.run")
    assert "bytes instead of 12288" in said.text
