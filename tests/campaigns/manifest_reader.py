"""A reader that knows `manifest.json` and Parquet, and nothing of dedup: what the README shows, often."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd


def follow(index: Path, stop: Path, noted: Callable[[], int]) -> Counter[str]:
    """Poll until `stop` is there; hold what is listed to what was listed before.

    Parameters
    ----------
    index : Path
        The folder.
    stop : Path
        A file that ends it.
    noted : callable
        Gives how many parts have been added for certain.
    """
    done: Counter[str] = Counter()
    hashes: dict[str, str] = {}
    before: list[dict[str, object]] = []
    generation = -1
    while not stop.exists():
        least = noted()
        manifest = json.loads((index / "manifest.json").read_text())
        parts = manifest["parts"]
        assert len(parts) >= least, f"{least} parts were added, {len(parts)} are listed"
        assert parts[: len(before)] == before, "a part that was listed is not listed any more"
        assert manifest["generation"] >= generation
        before, generation = parts, manifest["generation"]
        # The newest, and one in eight of the old ones in turn: all of them would be read a thousand times.
        for place, part in enumerate(parts):
            if place < len(parts) - 2 and (place + done["polls"]) % 8:
                continue
            path = index / part["articles"]
            frame = pd.read_parquet(path)
            assert len(frame) == part["rows"], path.name
            assert frame["key"].is_unique, path.name
            assert (index / part["sketch"]).stat().st_size > 0
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            assert hashes.setdefault(path.name, found) == found, f"{path.name} has changed"
            done["parts read"] += 1
        if manifest["run"] is not None:
            clusters = pd.read_parquet(index / manifest["run"] / "clusters.parquet")
            assert clusters["key"].is_unique
            done["runs read"] += 1
        if manifest["epoch"] is not None:
            assert any((index / manifest["epoch"]).iterdir())
        done["polls"] += 1
        time.sleep(0.002)
    return done
