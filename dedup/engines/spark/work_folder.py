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
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from dedup.engines.spark.failures import SparkError
from dedup.engines.spark.hadoop import Files

FORMAT: Final = "dedup spark run 1"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a stage gave of one kind.

    Parameters
    ----------
    packets, n_bytes : int
        As they were given.
    n_files, stored : int
        Files that hold them, and their bytes.
    dropped : bool
        Whether they have been removed, since no stage needs them any more.
    """

    packets: int
    n_bytes: int
    n_files: int
    stored: int
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a stage gave.

    Parameters
    ----------
    stage : str
    kinds : dict of str to Kind
    seconds : float
        How long the stage took.
    """

    stage: str
    kinds: dict[str, Kind]
    seconds: float


def is_work_folder(files: Files, path: str) -> bool:
    """Return whether a folder is that of a run, which is removed when the run is over."""
    return _parsed(files.read(f"{path}/run.json")).get("format") == FORMAT


class WorkFolder:
    """A folder that a run has to itself.

    Parameters
    ----------
    files : Files
    path : str
        Any path that Hadoop knows; made if missing.
    fingerprint : str
        What the results depend on: inputs, settings, version, number of partitions.
    replace : bool
        Remove what a run with another fingerprint has left there, which may be hours of work.

    Raises
    ------
    SparkError
        The folder cannot be used, or holds something that is no run of ours, or stages of another run.
    """

    def __init__(self, files: Files, path: str, fingerprint: str, *, replace: bool = False) -> None:
        self._files = files
        self.path = files.absolute(path).rstrip("/")
        self._run = f"{self.path}/run.json"
        self._owner = uuid.uuid4().hex
        self._begin(fingerprint, replace)

    def _begin(self, fingerprint: str, replace: bool) -> None:
        files = self._files
        is_folder = files.is_folder(self.path)
        run = _parsed(files.read(self._run) if is_folder else None)
        others = [name for name in files.names(self.path) if not name.startswith(("run.json.tmp", "."))]
        if run.get("format") != FORMAT and (others or (not is_folder and files.exists(self.path))):
            raise SparkError(f"{self.path} is there, and not a work folder of dedup", "choose another one")
        if run.get("fingerprint") != fingerprint:
            if not replace and any(name.endswith(".json") for name in files.names(f"{self.path}/manifests")):
                raise SparkError(
                    f"{self.path} holds what another run has done so far (other files, options or version)",
                    "give that command again, or remove the folder, or have it overwritten (--overwrite)",
                )
            # The manifests first: killed here, there are stages without one, which are nothing.
            files.remove(f"{self.path}/manifests")
            files.remove(f"{self.path}/stages")
        said = {"format": FORMAT, "fingerprint": fingerprint, "owner": self._owner}
        files.write(self._run, json.dumps(said, indent=1))
        files.make_folder(f"{self.path}/manifests")
        files.make_folder(f"{self.path}/stages")
        for name in files.names(f"{self.path}/stages"):
            if ".tmp-" in name:
                files.remove(f"{self.path}/stages/{name}")

    def folder(self, stage: str) -> str:
        """Return where the packets of a stage lie."""
        if not _NAME.fullmatch(stage):
            raise ValueError(f"{stage!r} is no name of a stage: small letters, digits and hyphens")
        return f"{self.path}/stages/{stage}"

    def manifest(self, stage: str) -> Manifest | None:
        """Return what a stage gave; None if it is yet to be run, or what it gave is not there any more."""
        fields = _parsed(self._files.read(self._manifest_path(stage)))
        try:
            kinds = {kind: Kind(**values) for kind, values in fields.pop("kinds").items()}
            found = Manifest(kinds=kinds, **fields)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        whole = all(
            kind.dropped or self._size(stage, name) == (kind.n_files, kind.stored)
            for name, kind in kinds.items()
        )
        return found if whole else None

    def begin(self, stage: str) -> str:
        """Return a folder to write a stage to."""
        return f"{self.folder(stage)}.tmp-{self._owner}"

    def commit(self, stage: str, kinds: Mapping[str, tuple[int, int]], seconds: float) -> Manifest:
        """Make what was written to the folder of `begin` the stage.

        Parameters
        ----------
        stage : str
        kinds : mapping of str to (int, int)
            Packets and bytes given, by kind.
        seconds : float

        Raises
        ------
        SparkError
            Another run has begun in this work folder, which then has none of this one's stages.
        """
        self._check_mine()
        written, folder = self.begin(stage), self.folder(stage)
        if not kinds:
            self._files.make_folder(written)
        self._files.remove(folder)
        self._files.rename(written, folder)
        held = {name: Kind(*kinds[name], *self._size(stage, name)) for name in sorted(kinds)}
        manifest = Manifest(stage, held, round(seconds, 3))
        self._put(manifest)
        return manifest

    def abandon(self, stage: str) -> None:
        """Remove what was written for a stage that is not to be."""
        self._files.remove(self.begin(stage))

    def drop(self, manifest: Manifest, kinds: Collection[str]) -> Manifest:
        """Remove packets of some kinds; that they were given stays known."""
        going = [name for name in kinds if name in manifest.kinds and not manifest.kinds[name].dropped]
        if not going:
            return manifest
        self._check_mine()
        held = manifest.kinds | {name: replace(manifest.kinds[name], dropped=True) for name in going}
        left = replace(manifest, kinds=held)
        self._put(left)
        for name in going:
            self._files.remove(f"{self.folder(manifest.stage)}/kind={name}")
        return left

    def remove(self) -> None:
        """Remove the work folder: the run is over."""
        self._check_mine()
        self._files.remove(self.path)

    def _put(self, manifest: Manifest) -> None:
        self._files.write(self._manifest_path(manifest.stage), json.dumps(asdict(manifest), indent=1))

    def _manifest_path(self, stage: str) -> str:
        return f"{self.path}/manifests/{stage}.json"

    def _size(self, stage: str, kind: str) -> tuple[int, int]:
        return self._files.size(f"{self.folder(stage)}/kind={kind}")

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
