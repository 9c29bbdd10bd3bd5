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
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from dedup.errors import FeedError, SettingsError
from dedup.feeds.dotted_path import has_path, value_at
from dedup.feeds.fields.extended_json import unwrapped
from dedup.feeds.fields.nested_names import article_prefix
from dedup.feeds.fields.text_values import NotTextError, as_text
from dedup.feeds.hosts import outlet_of
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

# Names are folded: lower case, letters and digits only (`title.rendered` is `titlerendered`). Order is
# preference.
_GUESSES: Final[dict[str, tuple[str, ...]]] = {
    "id": (
        *("id", "articleid", "guid", "guidrendered", "uuid", "docid", "storyid", "storiesid", "newsid"),
        *("recordid", "uri", "accessionnumber", "accessionno", "gkgrecordid", "dcidentifier"),
    ),
    "outlet": (
        *("outlet", "sourcename", "sourcetitle", "source", "publishername", "publisher", "outletname"),
        *("mediasource", "medianame", "publication", "publicationname", "newspaper", "newspapername"),
        *("sitename", "ogsitename", "sourcecommonname", "threadsite", "hostname", "site", "website"),
        *("sourceid", "domain", "sourcedomain", "feedname", "feedtitle", "media", "dcpublisher", "sn"),
        *("quelle", "zeitung", "journal", "fuente", "periodico", "fonte", "veiculo"),
    ),
    "url": (
        *("url", "link", "href", "articleurl", "canonicalurl", "canonicallink", "permalink", "pageurl"),
        *("weburl", "newsurl", "storyurl", "sourceurl", "documentidentifier", "mainentityofpage", "lien"),
        *("enlace", "urllink"),
    ),
    "title": (
        *("title", "headline", "head", "articletitle", "newstitle", "headlinetext", "heading", "posttitle"),
        *("titlerendered", "headlinemain", "webtitle", "newsheadline", "articleheadline", "ogtitle"),
        *("titletext", "documenttitle", "dctitle", "hlead", "hd", "titel", "ueberschrift", "uberschrift"),
        *("schlagzeile", "titre", "titulo", "titular", "titolo", "name"),
    ),
    "text": (
        *("text", "body", "articlebody", "bodytext", "fulltext", "maintext", "content", "articletext"),
        *("contenttext", "contentrendered", "contentencoded", "postcontent", "fieldsbodytext", "fieldsbody"),
        *("blocksbodybodytextsummary", "storytext", "newstext", "newscontent", "newsbody", "articlecontent"),
        *("contentfull", "fullcontent", "cleantext", "textcontent", "maincontent", "article", "story"),
        *("rawtext", "plaintext", "td", "inhalt", "artikeltext", "texte", "contenu", "corps", "texto"),
        *("contenido", "cuerpo", "conteudo", "corpo", "testo"),
        # A teaser is better than nothing, and only then.
        *("description", "summary", "leadparagraph", "abstract", "snippet", "excerpt", "excerptrendered"),
        *("postexcerpt", "shortdescription", "fieldstrailtext", "trailtext", "teaser", "ogdescription"),
        *("dcdescription", "descriptionrendered", "lead", "lp"),
    ),
    "published": (
        *("published", "publishedat", "pubdate", "publicationdate", "datepublished", "datepublish"),
        *("publishedon", "publisheddate", "publishdate", "publishedtime", "articlepublishedtime"),
        *("publicationtime", "firstpublished", "webpublicationdate", "firstpublicationdate", "dategmt"),
        *("postdategmt", "postdate", "datetimepub", "seendate", "sqldate", "dateadded", "dcdate"),
        *("dctermscreated", "articledate", "newsdate", "publishtime", "releasedate", "issued"),
        *("date", "datetime", "timestamp", "created", "createdat", "datecreated", "createddate", "pd"),
        *("veroffentlichtam", "veroffentlicht", "erscheinungsdatum", "datum", "datepublication"),
        *("datedepublication", "fechapublicacion", "fechadepublicacion", "fecha", "datapublicacao", "time"),
    ),
    "updated": (
        *("updated", "updatedat", "modified", "modifiedat", "datemodified", "datemodify", "dateupdated"),
        *("lastmodified", "lastupdated", "updateddate", "modifieddate", "updatedtime", "modifiedgmt"),
        *("postmodifiedgmt", "postmodified", "articlemodifiedtime", "fieldslastmodified", "dctermsmodified"),
        *("aktualisiert", "datemiseajour", "fechaactualizacion"),
    ),
    "byline": (
        *("byline", "bylineoriginal", "fieldsbyline", "authorname", "author", "authorsname", "authors"),
        *("creatorname", "creator", "writer", "dccreator", "journalist", "reporter", "postauthor"),
        *("embeddedauthor", "articleauthor", "autor", "verfasser", "auteur", "autore"),
    ),
    "place": ("place", "dateline", "location", "placename"),
    "credit": ("credit", "creditline", "agency", "wire", "newsagency"),
    "language": (
        *("language", "lang", "languagecode", "inlanguage", "dclanguage", "sprache", "langue", "idioma"),
    ),
}
TEASERS: Final = frozenset(_GUESSES["text"][_GUESSES["text"].index("description") :])
"""Folded names of columns that introduce a text. One also stands in, record by record, where the record has
no text: two sentences of a story tell more of it than its headline alone."""

_IN_OBJECTS: Final = frozenset(("titlerendered", "contentrendered", "headlinemain"))
_MOST_LISTED: Final = 30
_SEPARATORS = re.compile(r"[^0-9a-z]+")


def folded_name(name: str) -> str:
    """Return a column name as the guess compares it: lower case without accents, letters and digits only."""
    if not name.isascii():
        name = unicodedata.normalize("NFKD", name)
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
        inside = _inside(columns, records)
        chosen: dict[str, str] = dict(mapping)
        taken = set(chosen.values()).union(*(joined_columns(mapping[field]) for field in joins))
        for field in FIELD_NAMES:
            if field not in chosen:
                column = _guess(field, [name for name in columns if name not in taken], records, inside)
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
            teaser=None if "text" in mapping else _teaser(ordered, columns, inside),
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
            if column := _late_guess(field, columns, records, self.inside):
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
            if (folded := folded_name(name)) in _GUESSES["text"]:
                return _GUESSES["text"].index(folded) + 1
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


def _guess(
    field: str, columns: Sequence[str], records: Sequence[Mapping[str, Any]], inside: str = ""
) -> str | None:
    candidates = _candidates(field, columns, inside)
    for place, column in enumerate(candidates):
        if any(_holds(field, value_at(record, column)) for record in records):
            # "title": {"rendered": ...}: where the path to it is known, it is the column.
            deeper = (other for other in candidates[place + 1 :] if other.startswith(f"{column}."))
            held = (value for record in records if _holds(field, value := value_at(record, column)))
            strings = not all(isinstance(value, Mapping) for value in held)
            return (
                column if strings else next((one for one in deeper if _is_held(field, one, records)), column)
            )
    return next((one for one in candidates if not _is_unfit(field, one, records)), None)


def _late_guess(
    field: str, columns: Sequence[str], records: Sequence[Mapping[str, Any]], inside: str
) -> str | None:
    """Return the column by the first record that has one for a field."""
    candidates = _candidates(field, columns, inside)
    for record in records if candidates else ():
        there = [column for column in candidates if has_path(record, column)]
        fit = [column for column in there if not _is_unfit(field, column, (record,))]
        if fit:
            return next((column for column in fit if _holds(field, value_at(record, column))), fit[0])
        candidates = [column for column in candidates if column not in there]
    return None


def _candidates(field: str, columns: Sequence[str], inside: str) -> list[str]:
    by_name = _by_name(columns, inside)
    return [by_name[guess] for guess in _GUESSES[field] if guess in by_name]


def _is_held(field: str, column: str, records: Sequence[Mapping[str, Any]]) -> bool:
    return any(_holds(field, value_at(record, column)) for record in records)


def _is_unfit(field: str, column: str, records: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether there is something in a column that the field cannot be."""
    values = (value_at(record, column) for record in records)
    return any(value not in (None, "", [], {}) and _says_nothing(field, value) for value in values)


def _says_nothing(field: str, value: Any) -> bool:
    """Return whether a value is a number where a name should be, or the address of a picture."""
    if field == "byline":
        return type(value) is int or (isinstance(value, str) and value.strip().isdigit())
    return field == "outlet" and isinstance(value, str) and outlet_of(value) is None


def _by_name(columns: Sequence[str], inside: str) -> dict[str, str]:
    """Return columns by their folded names, those of the object that is the article first."""
    by_name: dict[str, str] = {}
    for column in columns:
        if inside and column.startswith(inside):
            by_name.setdefault(folded_name(column.removeprefix(inside)), column)
    for column in columns:
        if not inside or not column.startswith(inside):
            by_name.setdefault(folded_name(column), column)
    return by_name


def _inside(columns: Sequence[str], records: Sequence[Mapping[str, Any]]) -> str:
    """Return the prefix of the article's columns where the record itself holds neither title nor text."""
    below: dict[str, list[str]] = {}
    for column in columns:
        parts = column.split(".")
        for depth in range(1, len(parts)):
            below.setdefault(".".join(parts[:depth]) + ".", []).append(folded_name(".".join(parts[depth:])))
    if not below:
        return ""
    # WordPress and the New York Times put the title itself into an object.
    own = [column for column in columns if "." not in column or folded_name(column) in _IN_OBJECTS]
    by_name = _by_name(own, "")
    for field in ("title", "text"):
        for column in (by_name[guess] for guess in _GUESSES[field] if guess in by_name):
            values = (value_at(record, column) for record in records)
            if any(_holds(field, value) for value in values if not isinstance(value, Mapping)):
                return ""
    return article_prefix(below.items(), _GUESSES)


def _holds(field: str, value: Any) -> bool:
    """Return whether a value can be the field: an object only by the words in it, or by its name."""
    value = unwrapped(value)
    if value in (None, "", [], {}) or _says_nothing(field, value):
        return False
    if field in ("title", "text") and isinstance(value, Mapping | list):
        try:
            return as_text(field, value) is not None
        except NotTextError:
            return False
    return not isinstance(value, Mapping) or (field != "id" and bool(value.get("name")))


def _teaser(chosen: Mapping[str, str], columns: Sequence[str], inside: str) -> str | None:
    """Return the column that stands in for a missing text; the text itself may be one, and then none does."""
    text = chosen.get("text")
    if text is None or folded_name(text.removeprefix(inside)) in TEASERS:
        return None
    taken = set(chosen.values())
    by_name = _by_name(columns, inside)
    found = (by_name[guess] for guess in _GUESSES["text"] if guess in TEASERS and guess in by_name)
    return next((column for column in found if column not in taken), None)
