"""The map of one file: which column each field of the article is read from.

What the user said (``--map``, `dedup.feeds.fields.mapping`) comes first, the rest is guessed
(`dedup.feeds.fields.guessing`). The first records settle the map; later ones may
add fields to it, and what is settled stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from dedup.errors import FeedError
from dedup.feeds.dotted_path import has_path, value_at
from dedup.feeds.fields.field_names import FIELD_NAMES, TEASERS, folded_name, guessed_names
from dedup.feeds.fields.guessing import article_path, guess_column, guess_late_column, teaser_of
from dedup.feeds.fields.mapping import joined_columns
from dedup.feeds.reasons import shown

_MOST_LISTED: Final = 30

# Unquoted in a note; anything else would make `a=b c=d` unreadable.
_PLAIN_NAME = re.compile(r"[\w.\-/]+")


@dataclass(frozen=True)
class FieldMap:
    """Which column each field is read from.

    Parameters
    ----------
    columns : mapping of str to str
        Field name to column name or dotted path. A field not in it is null in every article.
        Several columns are parted by plus signs, see `parts`.
    outlet_from_url : bool
        The feed names no outlet, so the host of the URL stands for it.
    teaser : str, optional
        The column that stands in for the text of a record that has none.
    joins : frozenset of str
        Fields read from several columns.
    text_given : bool
        The user said what the text is, so nothing stands in for it.
    inside : str
        The path of the object that is the article, with a dot behind it; "": the record itself.
    outlet_given : bool
        The user said what the outlet is, so an address in it is one.
    settled_text : str, optional
        The text as the first records settled it.
    late_texts : frozenset of str
        Columns that could be a text and that only later records have.
    """

    columns: Mapping[str, str]
    outlet_from_url: bool = False
    teaser: str | None = None
    joins: frozenset[str] = frozenset()
    text_given: bool = False
    inside: str = ""
    outlet_given: bool = False
    settled_text: str | None = None
    late_texts: frozenset[str] = frozenset()

    @classmethod
    def resolve(
        cls,
        file: str,
        columns: Sequence[str],
        records: Sequence[Mapping[str, Any]],
        mapping: Mapping[str, str],
    ) -> FieldMap:
        """Settle the map for one file: what `mapping` says, the rest guessed.

        Parameters
        ----------
        file : str
            For messages.
        columns : sequence of str
            The column names (of JSON: every key of the first records).
        records : sequence of mappings
            The first records; they tell an empty column from a full one.
        mapping : mapping of str to str
            Fields the user mapped, `FIELD_NAMES` to column.

        Raises
        ------
        FeedError
            A mapped column is not there, or nothing could be a title or a text. Both name the columns
            there are.
        """
        there = _listed(columns)

        def there_is(column: str) -> bool:
            return column in columns or any(has_path(record, column) for record in records)

        # A name with a plus in it may be a name all the same.
        joins = {field for field, column in mapping.items() if not there_is(column)}
        joins = {field for field in joins if all(map(there_is, joined_columns(mapping[field])))}
        joins = {field for field in joins if joined_columns(mapping[field])}
        absent = [
            f"{field}={column}"
            for field, column in mapping.items()
            if field not in joins and not there_is(column)
        ]
        if absent:
            raise FeedError(
                f"{file}: no record has the mapped column{'s' * (len(absent) > 1)} {_listed(absent)}",
                f"the columns are: {there}",
            )
        inside = article_path(columns, records)
        chosen: dict[str, str] = dict(mapping)
        taken = set(chosen.values()).union(*(joined_columns(mapping[field]) for field in joins))
        for field in FIELD_NAMES:
            if field not in chosen:
                column = guess_column(field, [name for name in columns if name not in taken], records, inside)
                if column is not None:
                    chosen[field] = column
                    taken.add(column)
        if "title" not in chosen and "text" not in chosen:
            raise FeedError(
                f"{file}: no column is named like a title or a text (columns: {there})",
                "say which one it is, for example --map title=COLUMN,text=COLUMN",
            )
        ordered: dict[str, str] = {field: chosen[field] for field in FIELD_NAMES if field in chosen}
        return cls(
            ordered,
            outlet_from_url="outlet" not in ordered and "url" in ordered,
            teaser=None if "text" in mapping else teaser_of(ordered, columns, inside),
            joins=frozenset(joins),
            text_given="text" in mapping,
            inside=inside,
            outlet_given="outlet" in mapping,
            settled_text=ordered.get("text"),
        )

    def with_columns(self, columns: Sequence[str], records: Sequence[Mapping[str, Any]]) -> FieldMap:
        """Return this map with fields added that only later records have; what is settled stays.

        However the records are cut into batches, the result is the same: of a field that was not settled, the
        first record decides that has any column for it; of texts, `texts` are looked for in each record.

        Parameters
        ----------
        columns : sequence of str
            Those that were in no record before.
        records : sequence of mappings
            All records, in order, up to the first with each of these columns, or from any place before it.
        """
        chosen: dict[str, str] = dict(self.columns)
        for field in FIELD_NAMES:
            # An outlet that turns up late must not change where the outlets come from halfway.
            if field in chosen or field == "text" or (field == "outlet" and self.outlet_from_url):
                continue
            if column := guess_late_column(field, columns, records, self.inside):
                chosen[field] = column
        if self.text_given:
            return replace(self, columns=chosen)
        taken = {column for field, column in chosen.items() if field != "text"}
        late = self.late_texts.union(name for name in columns if name not in taken and self._preference(name))
        made = replace(self, columns=chosen, late_texts=late)
        if texts := made.texts():
            chosen["text"] = texts[0]
        return made

    def texts(self) -> tuple[str, ...]:
        """Return the columns of which the first that holds anything is the text of a record.

        First the settled one, unless it is a teaser, then texts that turned up late, then the teasers.
        """
        if self.text_given:
            return ()
        late = sorted(self.late_texts, key=lambda name: (self._preference(name), name))
        settled = [name for name in (self.settled_text, self.teaser) if name is not None]
        parts: list[list[str]] = [
            [name for name in names if self.is_teaser(name) == teasers]
            for teasers in (False, True)
            for names in (settled, late)
        ]
        return tuple(dict.fromkeys(name for part in parts for name in part))

    def is_teaser(self, column: str) -> bool:
        """Return whether a column introduces a text and is none."""
        return folded_name(column.removeprefix(self.inside)) in TEASERS

    def _preference(self, column: str) -> int:
        """Return the place of a column among the names of a text, from 1; 0: it is none."""
        for name in (column.removeprefix(self.inside), column):
            if (folded := folded_name(name)) in guessed_names("text"):
                return guessed_names("text").index(folded) + 1
        return 0

    def parts(self, field: str) -> tuple[str, ...]:
        """Return the columns a field is read from, in the order they are joined; () for none."""
        column = self.columns.get(field)
        if column is None:
            return ()
        return joined_columns(column) if field in self.joins else (column,)

    def used(self) -> frozenset[str]:
        """Return every column that is read."""
        read = frozenset(part for field in self.columns for part in self.parts(field))
        return read.union(self.texts())

    def values(self, field: str, records: Sequence[Mapping[str, Any]]) -> list[Any] | None:
        """Return the raw value of `field` in each record, or None when the feed has no such column."""
        if field in self.joins:
            parts = [[value_at(record, part) for record in records] for part in self.parts(field)]
            return [" ".join(str(one) for one in row if one) for row in zip(*parts, strict=True)]
        column = self.columns.get(field)
        if column is None:
            return None
        if "." in column:
            return [value_at(record, column) for record in records]
        return [record.get(column) for record in records]

    def __str__(self) -> str:
        said = [f"{field}={'+'.join(map(_told, self.parts(field)))}" for field in self.columns]
        if self.outlet_from_url:
            said.append("outlet=host of url")
        return ", ".join(said)


def _told(column: str) -> str:
    return column if _PLAIN_NAME.fullmatch(column) else repr(column)


def _listed(names: Sequence[str]) -> str:
    """Return names for a message of one line, whatever a broken header has put into them."""
    some = ", ".join(shown(name) for name in names[:_MOST_LISTED])
    return f"{some} and {len(names) - _MOST_LISTED:,} more" if len(names) > _MOST_LISTED else some or "none"
