"""Run the notebooks and keep what is committed of them small and clean: ``python -m tests.notebooks``.

Executed from top to bottom in their own folder, as a reader would; what differs
from run to run or from machine to machine (times, kernel versions, random cell ids) is taken out, so that a
notebook changes in git only when its text or its results do.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Final

import nbformat
from nbclient import NotebookClient

FOLDER: Final = Path(__file__).resolve().parent.parent / "notebooks"
SECONDS: Final = 120

_METADATA: Final = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_STYLE: Final = re.compile(r"<style scoped>.*?</style>\n?", re.DOTALL)


def paths() -> list[Path]:
    return sorted(FOLDER.glob("*.ipynb"))


def executed(path: Path) -> Any:
    """Return a notebook with the outputs of a fresh run; a cell that raises ends it."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        coalesce_streams=True,  # else a slow machine makes two outputs of two prints
    )
    client.execute()
    return notebook


def cleaned(notebook: Any) -> Any:
    """Return a notebook without what says when, where and by what it was run."""
    notebook.metadata = nbformat.from_dict(_METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", ()):
            output.pop("metadata", None)
            if output.output_type in ("display_data", "execute_result"):
                output.metadata = nbformat.from_dict({})
            html = output.get("data", {}).get("text/html")
            if html is not None:
                output.data["text/html"] = _STYLE.sub("", html)
    return notebook


def text_outputs(notebook: Any) -> list[str]:
    """Return all that a notebook printed or showed as text."""
    said = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            said.append(output.get("text", ""))
            said += [value for kind, value in output.get("data", {}).items() if kind.startswith("text/")]
    return ["".join(one) for one in said]


def main() -> None:
    chosen = [path for path in paths() if not sys.argv[1:] or path.stem in sys.argv[1:]]
    for path in chosen:
        nbformat.write(cleaned(executed(path)), path)
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
