"""Columns cleaned: the few values that need it, with the originals kept and everything counted."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pyarrow as pa

from dedup.feeds.clean.clean_text import KINDS, clean_text
from dedup.feeds.clean.dirt import dirty_rows

CLEANED: Final = ("title", "text", "byline")
"""Fields that are cleaned; each has a column ``original_...`` beside it. The outlet is not: it is part of
an article's key and of every table that names one, so a better rule would make other articles of them."""

_CALLED: Final = {"title": "titles", "text": "texts", "byline": "bylines"}


class Cleaner:
    """Cleans the columns of one file.

    Attributes
    ----------
    counts : Counter
        Values by (field, kind of repair).
    changed : Counter
        Values by field.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.changed: Counter[str] = Counter()

    def clean(
        self, field: str, column: pa.StringArray, *, already_text: bool = False
    ) -> tuple[pa.StringArray, pa.StringArray]:
        """Return a column cleaned, and what was changed as it was.

        Parameters
        ----------
        field : str
            One of `CLEANED`.
        column : pa.StringArray
            n values.
        already_text : bool
            Their reader has taken them from markup: what looks like it is text.

        Returns
        -------
        cleaned : pa.StringArray
            n values; `column` itself where there is nothing to do. What holds nothing any more is null.
        originals : pa.StringArray
            n values, null where the value was not changed.
        """
        rows: list[int] = []
        old: list[str] = []
        new: list[str | None] = []
        for row in dirty_rows(column).tolist():
            value = column[row].as_py()
            if value is None:
                continue
            cleaned, kinds = clean_text(value, already_text=already_text)
            if cleaned != value:
                rows.append(row)
                old.append(value)
                new.append(cleaned if cleaned and not cleaned.isspace() else None)
                self.counts.update((field, kind) for kind in kinds)
        self.changed[field] += len(rows)
        nothing = pa.nulls(len(column), pa.string())
        if not rows:
            return column, nothing
        return _with(column, rows, new), _with(nothing, rows, old)

    def note(self) -> str | None:
        """Return one line about what was cleaned, or None."""
        said = []
        for field in CLEANED:
            if self.changed[field]:
                kinds = [
                    f"{kind} in {self.counts[field, kind]:,}" for kind in KINDS if self.counts[field, kind]
                ]
                called = _CALLED[field] if self.changed[field] > 1 else field
                said.append(f"{self.changed[field]:,} {called} ({', '.join(kinds)})")
        return f"cleaned {', '.join(said)}; the originals are kept" if said else None


def _with(column: pa.StringArray, rows: list[int], values: list[str] | list[str | None]) -> pa.StringArray:
    """Return `column` with some values replaced; whole stretches between them are copied at once."""
    placed = pa.array(values, pa.string())
    pieces: list[pa.Array] = []
    low = 0
    for number, row in enumerate(rows):
        pieces += [column.slice(low, row - low), placed.slice(number, 1)]
        low = row + 1
    return pa.concat_arrays([*pieces, column.slice(low)])
