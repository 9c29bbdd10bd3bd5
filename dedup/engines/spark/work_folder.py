"""The work folder of a run: what each stage gave, and a manifest for each that is whole.

::

    WORK/run.json               whose folder this is
    WORK/stages/NAME/kind=K/    the packets of a kind, Parquet
    WORK/manifests/NAME.json    there if, and only if, the stage is

A stage is written under another name, renamed, then its manifest is put there; so whatever is killed, and
wherever, a stage without a manifest is nothing, and one with it is whole.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import asdict, dataclass
from typing import Any, Final

from dedup.engines.spark.failures import SparkError
from dedup.engines.spark.hadoop import Files

FORMAT: Final = "dedup spark run 1"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a stage gave.

    Parameters
    ----------
    stage : str
    kinds : dict of str to (int, int)
        Packets and bytes of each kind, as they were given.
    n_files, n_bytes : int
        What lies in the stage's folder.
    seconds : float
        How long the stage took.
    dropped : bool
        Whether its packets have been removed, since all that needed them is done.
    """

    stage: str
    kinds: dict[str, tuple[int, int]]
    n_files: int
    n_bytes: int
    seconds: float
    dropped: bool = False


class WorkFolder:
    """A folder that a run has to itself.

    Parameters
    ----------
    files : Files
    path : str
        Any path that Hadoop knows; made if missing. Of a run with another fingerprint, all is removed.
    fingerprint : str
        What the results depend on: inputs, settings, version, number of partitions.

    Raises
    ------
    SparkError
        The folder cannot be used, or holds something that is no run of ours.
    """

    def __init__(self, files: Files, path: str, fingerprint: str) -> None:
        self._files = files
        self.path = files.absolute(path).rstrip("/")
        self._run = f"{self.path}/run.json"
        self._owner = uuid.uuid4().hex
        self._begin(fingerprint)

    def _begin(self, fingerprint: str) -> None:
        files = self._files
        text = files.read(self._run) if not files.exists(self.path) or files.is_folder(self.path) else ""
        run = _parsed(text)
        if text is None and files.names(self.path) or text is not None and run.get("format") != FORMAT:
            raise SparkError(f"{self.path} is there, and not a work folder of dedup", "choose another one")
        if run.get("fingerprint") != fingerprint:
            # The manifests first: killed here, there are stages without one, which are nothing.
            files.remove(f"{self.path}/manifests")
            files.remove(f"{self.path}/stages")
        files.make_folder(f"{self.path}/manifests")
        files.make_folder(f"{self.path}/stages")
        for name in files.names(f"{self.path}/stages"):
            if ".tmp-" in name:
                files.remove(f"{self.path}/stages/{name}")
        files.write(
            self._run,
            json.dumps({"format": FORMAT, "fingerprint": fingerprint, "owner": self._owner}, indent=1),
        )

    def folder(self, stage: str) -> str:
        """Return where the packets of a stage lie."""
        if not _NAME.fullmatch(stage):
            raise ValueError(f"{stage!r} is no name of a stage: small letters, digits and hyphens")
        return f"{self.path}/stages/{stage}"

    def manifest(self, stage: str) -> Manifest | None:
        """Return what a stage gave; None if it is yet to be run, or what it gave is not there any more."""
        folder = self.folder(stage)
        fields = _parsed(self._files.read(f"{self.path}/manifests/{stage}.json"))
        try:
            fields["kinds"] = {kind: (int(many), int(size)) for kind, (many, size) in fields["kinds"].items()}
            found = Manifest(**fields)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        there = found.dropped or self._files.size(folder) == (found.n_files, found.n_bytes)
        return found if there else None

    def begin(self, stage: str) -> str:
        """Return a folder to write a stage to."""
        return f"{self.folder(stage)}.tmp-{self._owner}"

    def commit(self, stage: str, kinds: dict[str, tuple[int, int]], seconds: float) -> Manifest:
        """Make what was written to the folder of `begin` the stage.

        Raises
        ------
        SparkError
            Another run has begun in this work folder; then this one's stages are none of its.
        """
        self._check_mine()
        written, folder = self.begin(stage), self.folder(stage)
        if not self._files.exists(written):  # a stage that gave nothing
            self._files.make_folder(written)
        self._files.remove(folder)
        self._files.rename(written, folder)
        manifest = Manifest(stage, dict(sorted(kinds.items())), *self._files.size(folder), round(seconds, 3))
        self._put(manifest)
        return manifest

    def abandon(self, stage: str) -> None:
        """Remove what was written for a stage that is not to be."""
        self._files.remove(self.begin(stage))

    def drop(self, manifest: Manifest) -> Manifest:
        """Remove the packets of a stage; that it is done stays known."""
        self._check_mine()
        dropped = Manifest(**{**asdict(manifest), "dropped": True})
        self._put(dropped)
        self._files.remove(self.folder(manifest.stage))
        return dropped

    def remove(self) -> None:
        """Remove the work folder: the run is over."""
        self._check_mine()
        self._files.remove(self.path)

    def _put(self, manifest: Manifest) -> None:
        self._files.write(
            f"{self.path}/manifests/{manifest.stage}.json", json.dumps(asdict(manifest), indent=1)
        )

    def _check_mine(self) -> None:
        if _parsed(self._files.read(self._run)).get("owner") != self._owner:
            raise SparkError(
                f"another run has begun in {self.path}", "give each run a work folder of its own"
            )


def _parsed(text: str | None) -> dict[str, Any]:
    """Return a JSON object; an empty one for whatever is none."""
    try:
        parsed = json.loads(text or "{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
