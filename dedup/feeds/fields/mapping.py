"""Which column is which field, as the user says it: ``--map title=Headline,text=lead+body``.

What is said is only read here, and told what is wrong with it; whether the
columns are there is for `dedup.feeds.fields.field_map` to see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from dedup.errors import SettingsError
from dedup.feeds.fields.field_names import FIELD_NAMES

ALIASES: Final = {
    "source": "outlet",
    "publisher": "outlet",
    "body": "text",
    "content": "text",
    "headline": "title",
    "link": "url",
    "date": "published",
    "author": "byline",
    "lang": "language",
}
"""Other names accepted left of the ``=`` in ``--map``."""


def parse_map(text: str) -> dict[str, str]:
    """Read the value of ``--map``.

    Parameters
    ----------
    text : str
        ``field=column`` pairs parted by commas: ``title=Headline,source=Source``.
        A column name with a comma or a plus in it is written in double quotes. ``text=lead+body``
        joins several columns: texts by a blank line, all else by a space.

    Returns
    -------
    dict of str to str
        Field name (one of `FIELD_NAMES`) to column name, as in the feed.

    Raises
    ------
    SettingsError
        Listing every mistake and the names allowed.

    Examples
    --------
    >>> parse_map('title=Headline,source=Source,date="Date, local"')
    {'title': 'Headline', 'outlet': 'Source', 'published': 'Date, local'}
    """
    pairs: list[tuple[str, str | None]] = []
    for part in re.findall(r'(?:[^,"]|"[^"]*"?)+', text):
        name, equals, column = part.partition("=")
        column = column.strip()
        if (
            len(column) >= 2
            and column[0] == column[-1] == '"'
            and column.count('"') == 2
            and "+" not in column
        ):
            column = column[1:-1]
        if name.strip() or column:
            pairs.append((name.strip(), column if equals else None))
    if not pairs:
        raise SettingsError(f"--map {text!r} names no field", _how_to_map())
    return canonical_mapping(pairs)


def canonical_mapping(pairs: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """Return field-to-column pairs with aliases resolved; raise `SettingsError` listing all mistakes."""
    mapping: dict[str, str] = {}
    mistakes: list[str] = []
    for name, column in pairs:
        field = ALIASES.get(name.lower(), name.lower())
        if column is None:
            mistakes.append(f"{name!r} has no '='")
        elif field not in FIELD_NAMES:
            mistakes.append(f"unknown field {name!r}")
        elif not column:
            mistakes.append(f"{name!r} is given no column")
        elif field in mapping:
            mistakes.append(f"{field} is given twice ({mapping[field]!r} and {column!r})")
        else:
            mapping[field] = column
    if mistakes:
        raise SettingsError("--map: " + ", ".join(mistakes), _how_to_map())
    return mapping


def _how_to_map() -> str:
    return (
        "write field=COLUMN,field=COLUMN with fields from: "
        + ", ".join(FIELD_NAMES)
        + " ("
        + ", ".join(f"{alias} means {name}" for alias, name in ALIASES.items())
        + ")"
    )


def joined_columns(spec: str) -> tuple[str, ...]:
    """Return the columns that the right side of a mapping names: one, or several parted by plus signs.

    Examples
    --------
    >>> joined_columns('lead+body'), joined_columns('"a+b"+c'), joined_columns('"a+b"')
    (('lead', 'body'), ('a+b', 'c'), ('a+b',))
    """
    parts = [part.strip() for part in re.findall(r'(?:[^+"]|"[^"]*"?)+', spec)]
    return tuple(
        part[1:-1] if len(part) > 1 and part[0] == part[-1] == '"' else part for part in parts if part
    )


def mapped_columns(mapping: Mapping[str, str]) -> frozenset[str]:
    """Return every column that a mapping may mean."""
    return frozenset(mapping.values()).union(*map(joined_columns, mapping.values()))
