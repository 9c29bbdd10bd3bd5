"""What an index held at one moment, and all the ways to read it.

A snapshot reads the list of parts and of superseded rows in one transaction
and keeps no transaction open: parts are immutable and never deleted, so the
rest is read when it is asked for, and a report that takes an hour does not
hold up the writer's log. Rows the writer adds meanwhile are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC
from functools import cached_property, partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dedup.article import ARTICLE_SCHEMA, Article
from dedup.errors import IndexFolderError
from dedup.index.arrays import ArrayFile
from dedup.index.catalog import Catalog, PartRow
from dedup.index.identity import Int64s, display_id, key_of_hex, text_hashes
from dedup.index.layout import Layout
from dedup.index.parts import FIND_HASH, FIND_ROW, KEY, PART_SCHEMA, read_parquet, read_rows
from dedup.index.planning import by_rank
from dedup.index.rules import CURRENT, DROPPED


@dataclass(frozen=True, slots=True)
class PartInfo(PartRow):
    """One part of a snapshot: what the catalog says, and its place here.

    Parameters
    ----------
    position : int
        0-based place in `Snapshot.parts`; the "part" of every method.
    """

    position: int


@dataclass(frozen=True, slots=True)
class Version:
    """One listed text of an article.

    Parameters
    ----------
    number : int
        Order of arrival, from 1.
    current : bool
        Whether it is the text that is clustered.
    content : int
        Content hash.
    part, row : int
        Where it lies.
    article : Article
    """

    number: int
    current: bool
    content: int
    part: int
    row: int
    article: Article


class Snapshot:
    """A consistent view of an index; made by `IndexStore.snapshot`.

    It has its own connection to the catalog and may be used (a part by one thread at
    a time) after the store is closed.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._catalog = Catalog(layout.catalog)
        with self._catalog.reading() as catalog:
            self.generation: int = catalog.meta("generation")
            parts = catalog.parts()
            self._shadowed = catalog.shadowed()
        self.parts = tuple(PartInfo(**asdict(part), position=i) for i, part in enumerate(parts))
        self._position = {part.number: part.position for part in self.parts}
        self._sketches: dict[int, ArrayFile] = {}

    def position(self, number: int) -> int:
        """Return the place in `parts` of the part with that number in its file names."""
        return self._position[number]

    @property
    def n_articles(self) -> int:
        """Number of articles (current rows)."""
        return sum(part.rows for part in self.parts) - len(self._shadowed)

    @cached_property
    def _states(self) -> list[npt.NDArray[np.int8]]:
        states = [np.full(part.rows, CURRENT, dtype=np.int8) for part in self.parts]
        for number, row, state in self._shadowed.tolist():
            states[self._position[number]][row] = state
        return states

    def articles(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield each part as a table: all rows, superseded ones too, always in the same order.

        Parameters
        ----------
        columns : sequence of str, optional
            Of `PART_SCHEMA` (the record's fields, key, content, version); all if None.
        """
        wanted = _checked(columns)
        for part in self.parts:
            read = partial(read_parquet, footer_crc=part.footer_crc, columns=wanted)
            yield self._layout.articles(part.number).read(read)

    def current(self) -> list[npt.NDArray[np.bool_]]:
        """Return per part which rows are current texts: bool arrays, shape (rows,)."""
        return [states == CURRENT for states in self._states]

    def keys(self) -> list[Int64s]:
        """Return per part the key of each row: int64 arrays, shape (rows,), read-only."""
        return [self._arrays(part.position).array(KEY) for part in self.parts]

    def sketch(self, part: int, names: Sequence[str] | None = None) -> dict[str, npt.NDArray[Any]]:
        """Return arrays committed with a part, memory-mapped, read-only; checksums are compared at first use.

        Parameters
        ----------
        part : int
            Position in `parts`. Several threads may ask at a time, each for another part.
        names : sequence of str, optional
            Arrays wanted, in that order; all of the sketch by default.
        """
        file = self._arrays(part)
        wanted = [name for name in file.names if not name.startswith("_")] if names is None else names
        return {name: file.array(name) for name in wanted}

    def release(self, part: int) -> None:
        """Let go of the memory that reading the arrays of a part took; they can be read again."""
        self._arrays(part).release()

    def find(self, text: str) -> list[int]:
        """Return the keys of the articles a user may mean by `text`, sorted.

        Parameters
        ----------
        text : str
            A feed's id, the 16 hex digits of a key, or a URL; matched whole.
            Two outlets may use one id, so there may be several.
        """
        found: set[int] = set()
        key = key_of_hex(text)
        if key is not None and self._places([key]):
            found.add(key)
        wanted = text_hashes([text])[0]
        for part in self.parts if text else ():
            arrays = self._arrays(part.position)
            hashes, at = arrays.array(FIND_HASH), arrays.array(FIND_ROW)
            rows = at[np.searchsorted(hashes, wanted) : np.searchsorted(hashes, wanted, side="right")]
            rows = rows[self._states[part.position][rows] != DROPPED].astype(np.int64)
            if len(rows):
                table = self._read(part.position, rows, ("id", "url", "key"))
                # The hash only proposes: the text decides.
                found.update(row["key"] for row in table.to_pylist() if text in (row["id"], row["url"]))
        return sorted(found)

    def article(self, key: int) -> Article:
        """Return the current text of one article.

        Raises
        ------
        IndexFolderError
            If the snapshot has no article of that key.
        """
        part, row = self._current_places([key])[key]
        return _articles(self._read(part, np.array([row]), ARTICLE_SCHEMA.names))[0]

    def holds(self, keys: Int64s) -> npt.NDArray[np.bool_]:
        """Tell which articles are in the snapshot, by key; shape (m,)."""
        places = self._places(keys.tolist())
        return np.array([key in places for key in keys.tolist()], np.bool_)

    def rows(self, keys: Sequence[int] | Int64s, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the current texts of many articles, in the order asked.

        Parameters
        ----------
        keys : sequence of int
            May repeat.
        columns : sequence of str, optional
            Of `PART_SCHEMA`; all if None.

        Raises
        ------
        IndexFolderError
            If one of them is not in the snapshot.
        """
        asked = [int(key) for key in keys]
        places = self._current_places(asked)
        pairs = np.array([places[key] for key in asked], dtype=np.int64).reshape(-1, 2)
        return self.rows_at(pairs[:, 0], pairs[:, 1], columns)

    def rows_at(
        self,
        parts: Sequence[int] | Int64s,
        rows: Sequence[int] | Int64s,
        columns: Sequence[str] | None = None,
        *,
        threads: int = 1,
    ) -> pa.Table:
        """Return the rows at given places, in the order asked, superseded ones too.

        Parameters
        ----------
        parts, rows : int64 arrays, shape (m,)
            Position of the part, row in it.
        columns : sequence of str, optional
            Of `PART_SCHEMA`; all if None.
        threads : int, default 1
            Parts to read at a time.

        Returns
        -------
        pa.Table
            m rows. Each row group is read once; those of one call are in memory together.
        """
        parts, rows = np.asarray(parts, dtype=np.int64), np.asarray(rows, dtype=np.int64)
        order = np.argsort(parts, kind="stable")
        cuts = np.flatnonzero(np.diff(parts[order])) + 1
        groups = [g for g in np.split(order, cuts) if len(g)]

        def read(group: Int64s) -> pa.Table:
            return self._read(int(parts[group[0]]), rows[group], columns)

        with ThreadPoolExecutor(max(1, threads)) as pool:
            tables = list(pool.map(read, groups)) if threads > 1 else [read(group) for group in groups]
        if not tables:
            return pa.schema([PART_SCHEMA.field(name) for name in _checked(columns)]).empty_table()
        together = pa.concat_tables(tables)
        if np.array_equal(order, np.arange(len(order))):
            return together
        return together.take(pa.array(np.argsort(order)))

    def versions(self, key: int) -> list[Version]:
        """Return the listed texts of an article, oldest first, the current one last.

        Returns
        -------
        list of Version
            Empty if there is no such article. Replaced texts are not listed.
        """
        found = []
        for part, row, content, number in self._places([key]).get(key, []):
            article = _articles(self._read(part, np.array([row]), ARTICLE_SCHEMA.names))[0]
            current = bool(self._states[part][row] == CURRENT)
            found.append(Version(number, current, content, part, row, article))
        return found

    def _places(self, keys: Sequence[int]) -> dict[int, list[tuple[int, int, int, int]]]:
        """Map keys to (part, row, content, version) of their listed texts, in rank order."""
        places: dict[int, list[tuple[int, int, int, int]]] = {}
        history = self._catalog.history(np.unique(np.array(keys, dtype=np.int64)))
        # By rank; after a replace the current text need not be the greatest, so it is moved to the end.
        for key, content, _, version, _, _, _, number, row in history[by_rank(history)].tolist():
            part = self._position.get(number)
            # Committed after this snapshot, refused, or dropped: as the snapshot saw it, not as it is now.
            if part is None or self._states[part][row] == DROPPED:
                continue
            places.setdefault(key, []).append((part, row, content, version))
        for listed in places.values():
            listed.sort(key=lambda place: self._states[place[0]][place[1]] == CURRENT)
        return places

    def _current_places(self, keys: Sequence[int]) -> dict[int, tuple[int, int]]:
        places = {key: listed[-1][:2] for key, listed in self._places(keys).items()}
        for key in keys:
            if key not in places:
                raise IndexFolderError(f"index {self._layout.root} has no article {display_id(None, key)}")
        return places

    def _read(self, part: int, rows: Int64s, columns: Sequence[str] | None) -> pa.Table:
        info = self.parts[part]
        read = partial(read_rows, footer_crc=info.footer_crc, rows=rows, columns=_checked(columns))
        return self._layout.articles(info.number).read(read)

    def _arrays(self, part: int) -> ArrayFile:
        if part not in self._sketches:
            self._sketches[part] = self._layout.sketch(self.parts[part].number).read(ArrayFile)
        return self._sketches[part]

    def close(self) -> None:
        """Close the connection to the catalog; arrays handed out stay valid."""
        self._catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _checked(columns: Sequence[str] | None) -> list[str]:
    """Return the columns to read; Parquet would pass over an unknown name in silence."""
    if columns is None:
        return list(PART_SCHEMA.names)
    unknown = [name for name in columns if name not in PART_SCHEMA.names]
    if unknown:
        raise ValueError(f"no column {', '.join(unknown)}; there are {', '.join(PART_SCHEMA.names)}")
    return list(columns)


def _articles(table: pa.Table) -> list[Article]:
    articles = []
    for record in table.to_pylist():
        for name in ("published", "updated"):
            if record[name] is not None:
                record[name] = record[name].astimezone(UTC)
        articles.append(Article(**record))
    return articles
