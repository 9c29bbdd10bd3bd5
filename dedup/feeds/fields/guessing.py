"""Which column of a feed is which field of the article, guessed from the names and the first records.

Guessing goes by name alone (`dedup.feeds.fields.field_names`). Of several columns that could be meant,
the first in the order there that holds anything in the first records wins, so an empty ``text`` beside a
full ``content`` does no harm. Looking at values would guess more and be
wrong in ways nobody can foresee; the guess is printed, and ``--map`` corrects it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dedup.feeds.dotted_path import has_path, value_at
from dedup.feeds.fields.extended_json import unwrapped
from dedup.feeds.fields.field_names import FIELD_NAMES, TEASERS, folded_name, guessed_names
from dedup.feeds.fields.nested_names import article_prefix
from dedup.feeds.fields.text_values import NotTextError, as_text
from dedup.feeds.hosts import outlet_of

_IN_OBJECTS: Final = frozenset(("titlerendered", "contentrendered", "headlinemain"))


def guess_column(
    field: str, columns: Sequence[str], records: Sequence[Mapping[str, Any]], inside: str = ""
) -> str | None:
    """Return the column a field is read from, by name and by what the first records hold; None for none."""
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


def guess_late_column(
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


def article_path(columns: Sequence[str], records: Sequence[Mapping[str, Any]]) -> str:
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
        for column in (by_name[guess] for guess in guessed_names(field) if guess in by_name):
            values = (value_at(record, column) for record in records)
            if any(_holds(field, value) for value in values if not isinstance(value, Mapping)):
                return ""
    return article_prefix(below.items(), {field: guessed_names(field) for field in FIELD_NAMES})


def teaser_of(chosen: Mapping[str, str], columns: Sequence[str], inside: str) -> str | None:
    """Return the column that stands in for a missing text; the text itself may be one, and then none does."""
    text = chosen.get("text")
    if text is None or folded_name(text.removeprefix(inside)) in TEASERS:
        return None
    taken = set(chosen.values())
    by_name = _by_name(columns, inside)
    found = (by_name[guess] for guess in guessed_names("text") if guess in TEASERS and guess in by_name)
    return next((column for column in found if column not in taken), None)


def _candidates(field: str, columns: Sequence[str], inside: str) -> list[str]:
    by_name = _by_name(columns, inside)
    return [by_name[guess] for guess in guessed_names(field) if guess in by_name]


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
