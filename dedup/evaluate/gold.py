"""Labels made by people: which pairs of articles are copies, or which articles make a cluster.

Labelled pairs are a CSV with the columns id_a, id_b and label, and, if wanted,
kind (a name to count by) and weight (how many pairs of the feed the pair stands
for, where pairs were drawn by strata). Labelled clusters are a CSV with the
columns article_id and cluster_id; a blank cluster means that the article has no
copy. Articles that are not labelled are not judged.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dedup.errors import GoldError

LABELS: Final = {"W": 1, "N": 0}
"""Wholly derived from the same copy, or not. Pairs of the third label (P, partly) are left out of a fit."""

SPELLINGS: Final = {
    "w": "W", "1": "W", "yes": "W",
    "n": "N", "0": "N", "no": "N",
    "p": "P",
}  # fmt: skip
"""How a label may be written, upper and lower case alike."""

_PAIR_COLUMNS: Final = ("id_a", "id_b", "label")
_ID_COLUMNS: Final = ("article_id", "id")
_CLUSTER_COLUMNS: Final = ("cluster_id", "cluster", "story_id")
_PAIRS_HOW: Final = "labelled pairs are a CSV with the columns id_a,id_b,label"
_LONGEST_NAME: Final = 30
_MOST_NAMES: Final = 8
_CLUSTERS_HOW: Final = "labelled clusters are a CSV with the columns article_id,cluster_id"


@dataclass(frozen=True, slots=True)
class GoldPair:
    """One labelled pair; `kind` and `weight` are optional columns of the file."""

    id_a: str
    id_b: str
    label: str
    kind: str = ""
    weight: float = 1.0
    sure: bool = True


@dataclass(frozen=True, slots=True)
class GoldClusters:
    """Articles and the cluster of each.

    Parameters
    ----------
    cluster : mapping of str to str
        Article id -> cluster id; "" for an article without copies.
    """

    cluster: Mapping[str, str]


Gold = list[GoldPair] | GoldClusters


def read_gold(path: Path, format: str = "auto") -> Gold:
    """Read labels of either kind.

    Parameters
    ----------
    path : Path
    format : {"auto", "pairs", "clusters"}
        auto: what the columns say.

    Raises
    ------
    GoldError
        As `read_pairs` and `read_clusters`.
    """
    if format == "auto":
        names = next(_rows(path, header=True))[1]
        pairs, clusters = set(names) >= set(_PAIR_COLUMNS), _columns(names) is not None
        if pairs == clusters:
            found = "columns of both" if pairs else f"columns of neither, it has {_listed(names)}"
            raise GoldError(f"{path}: {found}", f"{_PAIRS_HOW}; {_CLUSTERS_HOW}; --gold-format says which")
        format = "pairs" if pairs else "clusters"
    return read_pairs(path) if format == "pairs" else GoldClusters(read_clusters(path))


def read_pairs(path: Path) -> list[GoldPair]:
    """Read labelled pairs; a pair that stands there twice counts once.

    Raises
    ------
    GoldError
        If the file cannot be read, lacks a column or has no pair, or a row has no id, an unknown label, a
        weight that is no finite number of at least 0, or another label than an earlier row of the same pair.
    """
    rows = _rows(path)
    names = next(rows)[1]
    missing = [name for name in _PAIR_COLUMNS if name not in names]
    if missing:
        raise GoldError(
            f"{path}: lacks the columns {', '.join(missing)}; it has {_listed(names)}", _PAIRS_HOW
        )
    wrong: list[str] = []
    pairs: dict[tuple[str, str], tuple[int, GoldPair]] = {}
    for line, values in rows:
        row = dict(zip(names, values, strict=False))
        try:
            pair = _pair(row)
        except ValueError as error:
            wrong.append(f"{path}:{line}: {error}")
            continue
        first, known = pairs.setdefault(_unordered(pair), (line, pair))
        if known.label != pair.label:
            wrong.append(
                f"{path}:{line}: the pair {pair.id_a}, {pair.id_b} is labelled {pair.label}, "
                f"in line {first} {known.label}"
            )
    _complain(wrong, "correct the file")
    if not pairs:
        raise GoldError(f"{path}: has no pairs", _PAIRS_HOW)
    return [pair for _, pair in pairs.values()]


def read_clusters(path: Path) -> dict[str, str]:
    """Read clusters, of people or of ``dedup clusters --format csv``: article id -> cluster id.

    Raises
    ------
    GoldError
        If the file cannot be read, lacks a column, or puts an article into two clusters.
    """
    rows = _rows(path)
    names = next(rows)[1]
    columns = _columns(names)
    if columns is None:
        raise GoldError(
            f"{path}: lacks a column {' or '.join(_ID_COLUMNS)}, or {' or '.join(_CLUSTER_COLUMNS)}; "
            f"it has {_listed(names)}",
            _CLUSTERS_HOW,
        )
    article_column, cluster_column = columns
    wrong: list[str] = []
    clusters: dict[str, str] = {}
    for line, values in rows:
        row = dict(zip(names, values, strict=False))
        article, cluster = row.get(article_column, ""), row.get(cluster_column, "")
        if not article:
            wrong.append(f"{path}:{line}: no article id")
        elif clusters.setdefault(article, cluster) != cluster:
            wrong.append(f"{path}:{line}: article {article} stands in two clusters")
    _complain(wrong, "correct the file")
    return clusters


def _rows(path: Path, *, header: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row, first those of the header; blank rows are passed over."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            yield 1, [name.strip() for name in next(reader, [])]
            for row in () if header else reader:
                if any(cell.strip() for cell in row):
                    yield reader.line_num, [cell.strip() for cell in row]
    except OSError as error:
        raise GoldError(f"{path}: {error.strerror}", "give a CSV of labels") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise GoldError(f"{path}: not a CSV in UTF-8 ({error})", "give a CSV of labels") from None


def _listed(names: list[str]) -> str:
    """Names of columns for a message; what is no CSV at all may have a page of text there."""
    shown = [
        name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..." for name in names[:_MOST_NAMES]
    ]
    return (", ".join(shown) or "none") + (", ..." if len(names) > _MOST_NAMES else "")


def _columns(names: list[str]) -> tuple[str, str] | None:
    """Columns of the article and of its cluster, None if there are not both."""
    article = next((name for name in _ID_COLUMNS if name in names), None)
    cluster = next((name for name in _CLUSTER_COLUMNS if name in names), None)
    return None if article is None or cluster is None else (article, cluster)


def _pair(row: Mapping[str, str]) -> GoldPair:
    """Check one row; raises `ValueError` with what is wrong."""
    a, b, written = (row.get(name, "") for name in _PAIR_COLUMNS)
    if not a or not b:
        raise ValueError("an id is missing")
    if a == b:
        raise ValueError(f"{a} is paired with itself")
    label = SPELLINGS.get(written.lower())
    if label is None:
        raise ValueError(f"label {written!r} is none of W (copy), P (partly), N (not), 1, 0, yes, no")
    text = row.get("weight", "") or "1"
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:  # false for nan
        raise ValueError(f"weight {text!r} is no number of at least 0")
    return GoldPair(a, b, label, row.get("kind", ""), weight, row.get("sure", "") != "lo")


def _unordered(pair: GoldPair) -> tuple[str, str]:
    return (pair.id_a, pair.id_b) if pair.id_a < pair.id_b else (pair.id_b, pair.id_a)


def _complain(wrong: list[str], fix: str) -> None:
    if wrong:
        more = f" ({len(wrong):,} rows are wrong)" if len(wrong) > 1 else ""
        raise GoldError(wrong[0] + more, fix)
