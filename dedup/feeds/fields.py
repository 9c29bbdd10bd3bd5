"""Which column of a feed is which field of the article: said with ``--map``, else guessed.

Guessing goes by name alone, upper and lower case and separators ignored
(``Publication Date``, ``publication_date`` and ``publicationDate`` are one
name). Of several columns that could be meant, the first in the order below
that holds anything in the first records wins, so an empty ``text`` beside a
full ``content`` does no harm. Looking at values would guess more and be
wrong in ways nobody can foresee; the guess is printed, and ``--map`` corrects it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dedup.errors import FeedError, SettingsError
from dedup.feeds.reasons import shown

FIELD_NAMES: Final = (
    "id",
    "outlet",
    "url",
    "title",
    "text",
    "published",
    "updated",
    "byline",
    "place",
    "credit",
    "language",
)
"""What a column can be mapped to, in the order of the article's schema."""

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

# Names are folded: lower case, letters and digits only. Order is preference.
_GUESSES: Final[dict[str, tuple[str, ...]]] = {
    "id": ("id", "articleid", "guid", "uuid", "docid", "storyid", "newsid", "recordid"),
    "outlet": (
        *("outlet", "source", "sourcename", "publisher", "outletname", "mediasource", "publication"),
        *("newspaper", "sitename", "hostname", "site", "domain", "sourcedomain", "feedname", "media"),
    ),
    "url": ("url", "link", "href", "articleurl", "canonicalurl", "permalink", "pageurl", "weburl"),
    "title": ("title", "headline", "head", "articletitle", "newstitle", "headlinetext", "heading"),
    "text": (
        *("text", "body", "articlebody", "bodytext", "fulltext", "maintext", "content", "articletext"),
        *("contenttext", "articlecontent", "article", "story", "rawtext", "plaintext"),
        # A teaser is better than nothing, and only then.
        *("description", "summary"),
    ),
    "published": (
        *("published", "publishedat", "pubdate", "publicationdate", "datepublished", "datepublish"),
        *("publishedon", "publisheddate", "publishdate", "publicationtime", "firstpublished"),
        *("date", "datetime", "timestamp", "created", "createdat", "datecreated", "time"),
    ),
    "updated": (
        *("updated", "updatedat", "modified", "modifiedat", "datemodified", "datemodify", "dateupdated"),
        *("lastmodified", "lastupdated", "updateddate", "modifieddate"),
    ),
    "byline": ("byline", "author", "authors", "creator", "writer", "dccreator", "journalist"),
    "place": ("place", "dateline", "location", "placename"),
    "credit": ("credit", "creditline", "agency", "wire", "newsagency"),
    "language": ("language", "lang", "languagecode", "inlanguage"),
}

_MOST_LISTED: Final = 30
_SEPARATORS = re.compile(r"[^0-9a-z]+")


def folded_name(name: str) -> str:
    """Return a column name as the guess compares it: lower case, letters and digits only."""
    return _SEPARATORS.sub("", name.lower())


KNOWN_NAMES: Final = frozenset(guess for guesses in _GUESSES.values() for guess in guesses)
"""Every folded name that is guessed; a header that holds none of them is no header we know."""


def guessed_names(field: str) -> tuple[str, ...]:
    """Return the folded names under which a field is looked for, the likeliest first."""
    return _GUESSES[field]


# Unquoted in a note; anything else would make `a=b c=d` unreadable.
_PLAIN_NAME = re.compile(r"[\w.\-/]+")


def parse_map(text: str) -> dict[str, str]:
    """Read the value of ``--map``.

    Parameters
    ----------
    text : str
        ``field=column`` pairs parted by commas: ``title=Headline,source=Source``.
        A column name with a comma in it is written in double quotes.

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
        if len(column) >= 2 and column[0] == column[-1] == '"':
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


def value_at(record: Mapping[str, Any], path: str) -> Any:
    """Return the value at `path` in `record`: a key, or keys parted by dots; None where it ends early."""
    if path in record:
        return record[path]
    value: Any = record
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _has_path(record: Mapping[str, Any], path: str) -> bool:
    if path in record:
        return True
    value: Any = record
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return False
        value = value[key]
    return True


@dataclass(frozen=True)
class FieldMap:
    """Which column each field is read from.

    Parameters
    ----------
    columns : mapping of str to str
        Field name to column name or dotted path. A field not in it is null in every article.
    outlet_from_url : bool
        The feed names no outlet, so the host of the URL stands for it.
    """

    columns: Mapping[str, str]
    outlet_from_url: bool = False

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
        absent = [
            f"{field}={column}"
            for field, column in mapping.items()
            if column not in columns and not any(_has_path(record, column) for record in records)
        ]
        if absent:
            raise FeedError(
                f"{file}: no record has the mapped column{'s' * (len(absent) > 1)} {_listed(absent)}",
                f"the columns are: {there}",
            )
        chosen: dict[str, str] = dict(mapping)
        taken = set(chosen.values())
        for field in FIELD_NAMES:
            if field not in chosen:
                column = _guess(field, [name for name in columns if name not in taken], records)
                if column is not None:
                    chosen[field] = column
                    taken.add(column)
        if "title" not in chosen and "text" not in chosen:
            raise FeedError(
                f"{file}: no column is named like a title or a text (columns: {there})",
                "say which one it is, for example --map title=COLUMN,text=COLUMN",
            )
        ordered: dict[str, str] = {field: chosen[field] for field in FIELD_NAMES if field in chosen}
        return cls(ordered, outlet_from_url="outlet" not in ordered and "url" in ordered)

    def with_columns(self, columns: Sequence[str], records: Sequence[Mapping[str, Any]]) -> FieldMap:
        """Return this map with fields added that only later records have; what is settled stays."""
        chosen: dict[str, str] = dict(self.columns)
        for field in FIELD_NAMES:
            column = None if field in chosen else _guess(field, columns, records)
            # An outlet that turns up late must not change where the outlets come from halfway.
            if column is not None and not (field == "outlet" and self.outlet_from_url):
                chosen[field] = column
        return FieldMap(chosen, self.outlet_from_url)

    def values(self, field: str, records: Sequence[Mapping[str, Any]]) -> list[Any] | None:
        """Return the raw value of `field` in each record, or None when the feed has no such column."""
        column = self.columns.get(field)
        if column is None:
            return None
        if "." in column:
            return [value_at(record, column) for record in records]
        return [record.get(column) for record in records]

    def __str__(self) -> str:
        said = [
            f"{field}={column if _PLAIN_NAME.fullmatch(column) else repr(column)}"
            for field, column in self.columns.items()
        ]
        if self.outlet_from_url:
            said.append("outlet=host of url")
        return ", ".join(said)


def _listed(names: Sequence[str]) -> str:
    """Return names for a message of one line, whatever a broken header has put into them."""
    some = ", ".join(shown(name) for name in names[:_MOST_LISTED])
    return f"{some} and {len(names) - _MOST_LISTED:,} more" if len(names) > _MOST_LISTED else some or "none"


def _guess(field: str, columns: Sequence[str], records: Sequence[Mapping[str, Any]]) -> str | None:
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(folded_name(column), column)
    candidates = [by_name[guess] for guess in _GUESSES[field] if guess in by_name]
    for column in candidates:
        if any(record.get(column) not in (None, "", [], {}) for record in records):
            return column
    return candidates[0] if candidates else None
