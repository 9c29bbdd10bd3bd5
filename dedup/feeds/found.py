"""What was found in the files of a feed: format, encoding, columns, counts; files alike as one.

A folder may hold ten thousand saved pages. What they have in common is kept
once, with a count, so that the list stays short enough to read and to hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import pyarrow as pa

from dedup.article import Article

NOT_A_FEED: Final = "not a feed"
EMPTY: Final = "empty"
HOST_OF_URL: Final = "host of url"
_OTHERS: Final = "other files"

_MOST_ENTRIES: Final = 200
_MOST_UNUSED: Final = 200
_EXAMPLES: Final = 3
_EXAMPLE_TEXT: Final = 2_000  # characters


@dataclass(frozen=True, slots=True)
class FieldFound:
    """A field of the articles and where it comes from.

    Parameters
    ----------
    field : str
        One of `dedup.feeds.fields.field_names.FIELD_NAMES`.
    column : str
        Column, key or dotted path, or what it is derived from ("host of url").
    how : {"given", "guessed", "format", "derived"}
        The user said so; guessed by the column's name; the format has this field; taken from another.
    """

    field: str
    column: str
    how: Literal["given", "guessed", "format", "derived"] = "guessed"


@dataclass(frozen=True, slots=True)
class FileFound:
    """What was found in one file, or in several that are alike.

    Parameters
    ----------
    path : str
        The first of them.
    files : int
        How many.
    format : str
        With its dialect: "csv with semicolons", "json lines"; "not a feed" and "empty" for what gave nothing.
    compression, encoding : str or None
        "gz", ...; None: plain. None also for the encoding of a binary format.
    size : int
        Bytes read, unpacked.
    fields : tuple of FieldFound
        In the order of the article's schema; empty where the format itself settles what is what.
    unused : tuple of str
        Columns that no field is read from, sorted.
    articles, rejects : int
        Articles handed out; records lost.
    noted : int
        What cost no record: a date not understood, a file damaged at its end.
    seconds : float
        Time spent reading.
    complete : bool
        They were read to their end.
    examples : tuple of Article
        The first three, their texts cut to 2,000 characters; only of a feed that is merely looked at.
    filled : mapping of str to int
        How many articles have each field; only of a feed that is merely looked at.
    """

    path: str
    files: int
    format: str
    compression: str | None
    encoding: str | None
    size: int
    fields: tuple[FieldFound, ...]
    unused: tuple[str, ...]
    articles: int
    rejects: int
    noted: int
    seconds: float
    complete: bool
    examples: tuple[Article, ...] = ()
    filled: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """How much is read of a feed that is merely looked at.

    Parameters
    ----------
    records : int
        Of each file, rounded up to a batch.
    files : int
        Of those that folders and patterns bring in.
    """

    records: int = 10_000
    files: int = 1_000


@dataclass(slots=True)
class Tally:
    """A `FileFound` that is still being filled."""

    path: str
    format: str
    compression: str | None = None
    encoding: str | None = None
    fields: dict[str, FieldFound] = field(default_factory=dict)
    unused: dict[str, None] = field(default_factory=dict)
    files: int = 0
    size: int = 0
    articles: int = 0
    rejects: int = 0
    noted: int = 0
    seconds: float = 0.0
    complete: bool = True
    examples: list[Article] = field(default_factory=list)
    filled: Counter[str] = field(default_factory=Counter)

    def describe(self, fields: Sequence[FieldFound], columns: Iterable[str], used: Iterable[str]) -> None:
        """Add what the columns of a file are; fields that another file alike brought stay."""
        self.fields.update({one.field: one for one in fields})
        taken = set(used)
        for name in taken:
            self.unused.pop(name, None)
        for name in columns:
            if name not in taken and len(self.unused) < _MOST_UNUSED:
                self.unused[name] = None

    def show(self, articles: pa.RecordBatch) -> None:
        """Keep the first articles as examples, and count the fields of all."""
        for name, column in zip(articles.schema.names, articles.columns, strict=True):
            self.filled[name] += len(column) - column.null_count
        for row in articles.slice(0, _EXAMPLES - len(self.examples)).to_pylist():
            text = row["text"]
            row["text"] = text[:_EXAMPLE_TEXT] if text else text
            self.examples.append(Article(**row))

    def agrees(self, fields: Sequence[FieldFound]) -> bool:
        """Return whether no field comes from another column here."""
        return all(self.fields.get(one.field, one) == one for one in fields)

    def frozen(self, order: Mapping[str, int]) -> FileFound:
        """Return what is known by now."""
        fields = sorted(self.fields.values(), key=lambda one: order.get(one.field, len(order)))
        return FileFound(
            path=self.path,
            files=self.files,
            format=self.format,
            compression=self.compression,
            encoding=self.encoding,
            size=self.size,
            fields=tuple(fields),
            unused=tuple(sorted(self.unused)),
            articles=self.articles,
            rejects=self.rejects,
            noted=self.noted,
            seconds=round(self.seconds, 3),
            complete=self.complete,
            examples=tuple(self.examples),
            filled=dict(self.filled),
        )


class FoundFiles:
    """The tallies of a feed, in the order their first files were read."""

    def __init__(self) -> None:
        self._tallies: list[Tally] = []
        self._alike: dict[tuple[str, str | None, str | None], list[Tally]] = {}

    def tally(
        self,
        path: str,
        format: str,
        compression: str | None = None,
        encoding: str | None = None,
        fields: Sequence[FieldFound] = (),
        *,
        group: bool,
    ) -> tuple[Tally, bool]:
        """Return where a file is counted, and whether it is the first of its kind.

        Parameters
        ----------
        path, format, compression, encoding, fields
            As `FileFound` has them.
        group : bool
            Count it with those like it; else it stands alone.
        """
        known = self._alike.setdefault((format, compression, encoding), []) if group else []
        for one in known:
            if one.agrees(fields):
                one.files += 1
                return one, False
        if group and len(self._tallies) >= _MOST_ENTRIES:
            return self._other(path), False
        new = Tally(path, format, compression, encoding, files=1)
        known.append(new)
        self._tallies.append(new)
        return new, True

    def _other(self, path: str) -> Tally:
        if self._tallies[-1].format != _OTHERS:
            self._tallies.append(Tally(path, _OTHERS))
        self._tallies[-1].files += 1
        return self._tallies[-1]

    def frozen(self, order: Sequence[str]) -> list[FileFound]:
        """Return what is known by now; `order` is that of the fields."""
        places = {name: place for place, name in enumerate(order)}
        return [one.frozen(places) for one in self._tallies]
