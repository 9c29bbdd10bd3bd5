"""The columns of a Parquet or Arrow file by name, and which of them are worth reading."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

import pyarrow as pa

from dedup.feeds.fields.field_names import KNOWN_NAMES, folded_name
from dedup.feeds.from_columns.column_batch import PRECISION
from dedup.feeds.raw_batch import DEEPEST_NAME, MOST_NAMES, falls_back_on

_INDEX: Final = re.compile(r"__index_level_\d+__")  # how pandas saves an index without a name


def column_names(schema: pa.Schema, mapped: Collection[str]) -> tuple[str, ...]:
    """Return the columns of a file, each once, then the fields of structs as dotted paths.

    An index that pandas saved is none of them unless it is mapped.
    """
    fields = [one for one in schema if not _INDEX.fullmatch(one.name) or one.name in mapped]
    names = dict.fromkeys(one.name for one in fields)
    structs = [(one.name, one.type) for one in fields if pa.types.is_struct(one.type)]
    for _ in range(DEEPEST_NAME - 1):
        inner: list[tuple[str, Any]] = []
        for path, kind in structs:
            for j in range(kind.num_fields):
                field = kind.field(j)
                if len(names) < MOST_NAMES:
                    names.setdefault(f"{path}.{field.name}")
                if pa.types.is_struct(field.type):
                    inner.append((f"{path}.{field.name}", field.type))
        structs = inner
    return tuple(names)


def readable_columns(names: Collection[str], schema: pa.Schema) -> tuple[str, ...]:
    """Return those of `names` (as `column_names` gives them) that lie in columns of types Python can hold.

    A valid file may have others, such as intervals of months: Arrow reads them, but its Python side has no
    class for such arrays, and to ask for one is an error.
    """
    tops = [field.name for field in schema if not _is_held(field.type)]
    return tuple(name for name in names if not any(name == top or name.startswith(f"{top}.") for top in tops))


def _is_held(kind: Any) -> bool:
    try:
        pa.nulls(0, kind)
    except (KeyError, NotImplementedError):
        return False
    inner = [kind.field(j).type for j in range(kind.num_fields)]
    if pa.types.is_dictionary(kind):
        inner.append(kind.value_type)
    return all(_is_held(each) for each in inner)


def wanted_columns(
    names: Collection[str], mapped: Collection[str], needed: Collection[str] | None
) -> list[str]:
    """Return the columns to read, of those in `names`.

    Parameters
    ----------
    names : collection of str
        What `readable_columns` returned.
    mapped : collection of str
        Columns that the user named.
    needed : collection of str or None
        The columns that are fields; None: not settled, so all that could be.
    """
    asked = set(mapped) if needed is None else set(needed)
    if "published" in names and (needed is None or "published" in asked):
        asked.add(PRECISION)
    if needed is None:
        asked.update(name for name in names if _could_be_field(name))
    asked.update(other for name in tuple(asked) for other in falls_back_on(name))
    wanted = [name for name in names if name in asked]
    # A path that leads into a map or a list.
    for path in asked.difference(names):
        wanted += [name for name in names if path.startswith(f"{name}.") and name not in wanted]
    return wanted


def _could_be_field(name: str) -> bool:
    return folded_name(name) in KNOWN_NAMES or folded_name(name.rpartition(".")[2]) in KNOWN_NAMES
