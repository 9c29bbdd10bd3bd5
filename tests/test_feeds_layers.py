"""The parts of `dedup.feeds` stand in layers: imports lead down, never round in a circle."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import dedup.feeds

FEEDS = Path(dedup.feeds.__file__).parent
READERS = ("from_csv", "from_json", "from_page", "from_columns", "from_markup")


def imports(tree: ast.AST) -> set[str]:
    """Return the modules below `dedup.feeds` that a module imports as it is loaded."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dedup.feeds"):
            module = str(node.module)
            found.add(module)
            found.update(f"{module}.{name.name}" for name in node.names)
        waiting.extend(ast.iter_child_nodes(node))
    return found


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    files = {
        ".".join(("dedup.feeds", *path.relative_to(FEEDS).with_suffix("").parts)): path
        for path in FEEDS.rglob("*.py")
        if path.name != "__init__.py"
    }
    return {name: imports(ast.parse(path.read_text("utf-8"))) & set(files) for name, path in files.items()}


def reached(graph: dict[str, set[str]], part: str) -> set[str]:
    """Return what the modules of a folder import, shorn of ``dedup.feeds.`` and of the folder itself."""
    within = f"dedup.feeds.{part}."
    found = set().union(*(other for name, other in graph.items() if name.startswith(within)))
    assert any(name.startswith(within) for name in graph)
    return {name.removeprefix("dedup.feeds.") for name in found if not name.startswith(within)}


def test_no_module_is_imported_in_a_circle(graph: dict[str, set[str]]) -> None:
    try:
        assert list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_processes_know_nothing_of_what_they_run(graph: dict[str, set[str]]) -> None:
    assert reached(graph, "workers") == set()


@pytest.mark.parametrize("part", READERS)
def test_a_reader_knows_neither_another_reader_nor_who_makes_articles_of_records(
    graph: dict[str, set[str]], part: str
) -> None:
    above = {"feed", "file_reading", "documents", "frames", "fields.builder"}
    others = tuple(f"{other}." for other in READERS if other != part)
    assert [name for name in reached(graph, part) if name in above or name.startswith(others)] == []


@pytest.mark.parametrize("part", ["sources", "dates", "clean"])
def test_what_readers_stand_on_knows_no_reader(graph: dict[str, set[str]], part: str) -> None:
    assert [name for name in reached(graph, part) if name.startswith((*READERS, "fields"))] == []


def test_raw_records_know_no_fields(graph: dict[str, set[str]]) -> None:
    assert graph["dedup.feeds.raw_batch"] == {"dedup.feeds.dotted_path"}
