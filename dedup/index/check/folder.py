"""Whether epochs, runs and the manifest can be read, and what else lies in the folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from dedup.confirm.epoch import FILES, Learnt
from dedup.errors import IndexFolderError
from dedup.index.atomic import is_temporary
from dedup.index.catalog import Catalog
from dedup.index.check.catalog import Listed
from dedup.index.check.findings import Damage, Findings
from dedup.index.check.parts import why
from dedup.index.layout import Layout
from dedup.index.publish import is_of_ours, manifest_of
from dedup.index.runs import Epoch, Run, epoch_hashes

_FOLDERS: Final = {
    "articles": re.compile(r"part-(\d{6}|[1-9]\d{6,17})\.parquet"),
    "sketches": re.compile(r"part-(\d{6}|[1-9]\d{6,17})\.sketch"),
    "epochs": re.compile(r"([0-9a-f]{32})"),
    "runs": re.compile(r"(\d{6}|[1-9]\d{6,17})"),
}
"""Names of ours in each folder; a name that fits is a thing's, whether it is listed or not."""

_SQLITE: Final = ("catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm")


def check_epochs(layout: Layout, listed: Listed, found: Findings) -> None:
    """Read every file of every epoch, and what they mean."""
    for digest, entry in listed.epochs.items():
        name = f"epochs/{digest}"
        try:
            epoch = Epoch(digest, entry["meta"], entry["files"], layout.epoch(digest))
            files = {one: epoch.read(one) for one in epoch.files}
            if epoch_hashes(files)[0] != digest:
                raise ValueError("its files are not those of its name")
            if set(FILES) <= set(files):
                Learnt.from_files(files)
        except IndexFolderError as error:
            found.damage.append(Damage(name, error.message.replace(f"{layout.root}/", ""), "epoch", digest))
        except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            found.damage.append(Damage(name, f"it cannot be understood: {error}", "epoch", digest))


def check_runs(layout: Layout, listed: Listed, catalog: Catalog, found: Findings) -> None:
    """Read every table of every run."""
    for name, entry in listed.runs.items():
        table = ""
        try:
            run = Run(int(name), entry["meta"], entry["tables"], layout.run(int(name)))
            for table in run.tables:
                run.table(table)
        except (IndexFolderError, OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            if not catalog.has("run", name):
                continue  # removed as too old since the check began
            file = f"runs/{name}/{table}.parquet" if table else f"runs/{name}"
            said = error.message if isinstance(error, IndexFolderError) else str(error)
            reason = "it is missing" if "is missing" in said else said
            if isinstance(error, IndexFolderError) and reason == said:
                reason = why(error)
            found.damage.append(Damage(file, reason, "run", name))


def check_manifest(layout: Layout, catalog: Catalog, found: Findings) -> None:
    """Compare the manifest with the catalog, which may be ahead of it but not behind."""
    name = layout.manifest.name
    try:
        manifest: Any = json.loads(layout.manifest.read_bytes())
        listed = {part["articles"]: part["rows"] for part in manifest["parts"]}
        files = [*listed, *(part["sketch"] for part in manifest["parts"])]
        files += [manifest[one] for one in ("epoch", "run") if manifest[one] is not None]
    except FileNotFoundError:
        found.damage.append(Damage(name, "it is missing", "manifest"))
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        found.damage.append(Damage(name, f"it cannot be read: {error}", "manifest"))
        return
    # The catalog is asked after the manifest was read: a commit comes first there.
    with catalog.reading():
        now = manifest_of(layout, catalog)
    if manifest == now:
        return
    known = {part["articles"]: part["rows"] for part in now["parts"]}
    foreign = [file for file, rows in listed.items() if known.get(file) != rows]
    absent = [file for file in files if not (layout.root / file).exists()]
    if foreign:
        found.damage.append(Damage(name, f"it lists {foreign[0]}, which the catalog does not", "manifest"))
    elif absent and absent[0] in known:
        pass  # the part is missing, and that is told of the part
    elif absent and not absent[0].startswith("runs/"):
        found.damage.append(Damage(name, f"it lists {absent[0]}, which is not there", "manifest"))
    else:
        found.notes.append(f"{name} is behind the catalog; the next command that writes brings it up to date")


def left_over(layout: Layout, listed: Listed) -> tuple[list[Path], list[Path], list[Path]]:
    """Return what lies in the folder and is not listed.

    Returns
    -------
    staged, ours, foreign : lists of Path
        What a killed writer (or one at work) has in staging or beside the manifest; files with names of
        the index's own; all others.
    """
    numbers = {f"{part.number:06d}" for part in listed.parts}
    known = {"articles": numbers, "sketches": numbers, "epochs": set(listed.epochs), "runs": set(listed.runs)}
    staged: list[Path] = []
    ours: list[Path] = []
    foreign: list[Path] = []
    for path in _listing(layout.root):
        if path in layout.folders or path in (layout.manifest, layout.lock) or path.name in _SQLITE:
            continue
        temporary = is_temporary(path, layout.manifest)
        passing = path in (layout.rebuilt_catalog, layout.told_dropped)
        (staged if temporary or passing else foreign).append(path)
    for folder, pattern in _FOLDERS.items():
        for path in _listing(layout.root / folder):
            match = pattern.fullmatch(path.name)
            if match is None:
                foreign.append(path)
            elif match[1] not in known[folder]:
                # A folder that holds anything else is somebody's, whatever its name.
                somebodys = path.is_dir() and not is_of_ours(path, FILES)
                (foreign if somebodys else ours).append(path)
    for path in _listing(layout.staging):
        thing = layout.staged_thing(path)
        kinds = {"part": numbers, "epoch": known["epochs"], "run": known["runs"]}
        if thing is None or thing.name not in kinds[thing.kind]:
            staged.append(path)
    return staged, ours, foreign


def check_leftovers(layout: Layout, listed: Listed, found: Findings) -> None:
    """Note what else lies in the folder; none of it is read by any command."""
    said = (
        "left by a writer that was killed, or made by one at work; the next that writes uses or removes it",
        "not listed in the catalog",
        "not a file of the index",
    )
    for paths, what in zip(left_over(layout, listed), said, strict=True):
        found.notes += [f"{path.relative_to(layout.root).as_posix()}: {what}" for path in paths]


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
