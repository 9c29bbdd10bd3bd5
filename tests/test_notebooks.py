"""The notebooks run from top to bottom, and what is committed of them is small, whole and of no machine."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from tests import notebooks

LARGEST = 300_000
NAMES = ["01_quick_start", "02_exploring_syndication", "03_choosing_a_threshold", "04_inside_a_match"]
FITTED = {"03_choosing_a_threshold"}  # its figures follow the solver of scikit-learn, whatever its version
# Folders of users and of temporary files, addresses in memory, and the escapes of a coloured traceback.
OF_A_MACHINE = re.compile(r"/(?:home|root|Users|work|tmp|var|usr|opt)/|[A-Z]:\\|0x[0-9a-f]{6,}|\x1b\[")


def test_the_notebooks_are_there():
    assert [path.stem for path in notebooks.paths()] == NAMES


@pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom_and_says_what_is_committed(path: Path):
    committed = nbformat.read(path, as_version=4)
    fresh = notebooks.cleaned(notebooks.executed(path))  # raises where a cell does
    assert [cell.execution_count for cell in fresh.cells if cell.cell_type == "code"] == list(
        range(1, 1 + sum(cell.cell_type == "code" for cell in fresh.cells))
    )
    # What a reader sees is what comes out; pandas may word a table otherwise in its next version.
    assert kinds(fresh) == kinds(committed), f"run: python -m tests.notebooks {path.stem}"
    if path.stem not in FITTED:
        assert numbers(fresh) == numbers(committed), f"run: python -m tests.notebooks {path.stem}"
    warned = [output.text for output in outputs(fresh) if output.get("name") == "stderr"]
    # On a new machine matplotlib says once that it looks for fonts.
    assert not [said for said in warned if "font cache" not in said]


@pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)
def test_what_is_committed_is_small_and_clean(path: Path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < LARGEST
    assert not [output for output in outputs(notebook) if output.output_type == "error"]
    assert any("image/png" in output.get("data", {}) for output in outputs(notebook)) or "01" in path.stem
    for said in notebooks.text_outputs(notebook):
        assert not OF_A_MACHINE.search(said), said
    assert all(not cell.metadata for cell in notebook.cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    sources = "".join(cell.source for cell in notebook.cells)
    assert not OF_A_MACHINE.search(sources)


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def numbers(notebook):
    """What the notebook says in figures: that must not rot, however a library words its tables."""
    return [
        (cell.id, re.findall(r"\d+(?:[.,:]\d+)*", output.get("text", "")))
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.get("name") == "stdout"
    ]


def kinds(notebook):
    return [
        (
            cell.id,
            [(output.output_type, sorted(output.get("data", {}))) for output in cell.get("outputs", ())],
        )
        for cell in notebook.cells
    ]
