"""Labels of readers, the strata their articles were drawn from, and what two readers agree on."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "data" / "labels" / "credit"

EXTENTS = ("own", "whole", "part", "none")
"""On the agency's own site; an agency's text printed by others; agency copy in it; only quoted or named."""


@dataclass(frozen=True)
class Label:
    """What a reader says of an article.

    Parameters
    ----------
    agencies : tuple of str
        The main one first; empty where no agency's copy is in it.
    extent : str
        One of `EXTENTS`.
    """

    agencies: tuple[str, ...]
    extent: str

    @property
    def credited(self) -> bool:
        return self.extent != "none"


@dataclass(frozen=True)
class Drawn:
    """Stratum of an article, and how many articles of the feeds it stands for."""

    stratum: str
    weight: float


def read_labels(path: Path) -> dict[str, Label]:
    """Read ``id,agency,extent``; further columns are left alone.

    Raises
    ------
    ValueError
        If a label is none; names line and value.
    """
    out: dict[str, Label] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            name, extent = row["id"].strip(), row["extent"].strip()
            names = [one.strip().removeprefix("other:").strip() for one in row["agency"].split(";")]
            agencies = tuple(one for one in names if one and one != "none")
            if extent not in EXTENTS or bool(agencies) != (extent != "none"):
                raise ValueError(f"{path}:{number}: {row['agency']!r}, {extent!r} is no label")
            if name in out:
                raise ValueError(f"{path}:{number}: {name} has a label already")
            out[name] = Label(agencies, extent)
    return out


def read_strata(path: Path) -> dict[str, Drawn]:
    """Read ``id,stratum,population,drawn`` as `draw` writes it."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["id"]: Drawn(row["stratum"], int(row["population"]) / int(row["drawn"]))
            for row in csv.DictReader(file)
        }


def kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> tuple[float, float]:
    """Return the share of equal answers, and Cohen's kappa: what of it chance does not explain (Cohen 1960).

    Kappa is 1 where both readers give one answer throughout.
    """
    n = len(one)
    same = sum(a == b for a, b in zip(one, other, strict=True)) / n
    left, right = Counter(one), Counter(other)
    chance = sum(left[answer] * right[answer] for answer in left) / n**2
    return same, 1.0 if chance == 1 else (same - chance) / (1 - chance)
