"""Values within records: a dotted path leads through objects and lists to what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_MOST_JOINED: Final = 1_000  # objects of a list on the way


def value_at(record: Mapping[str, Any], path: str) -> Any:
    """Return the value at `path` in `record`: a key, or keys parted by dots; None where it ends early.

    A list on the way gives a list of what its objects hold: ``authors.name`` (or ``authors[].name``) is the
    names of all authors.

    Examples
    --------
    >>> value_at({"by": [{"name": "A. Bo"}, {"name": "C. Do"}]}, "by.name")
    ['A. Bo', 'C. Do']
    """
    if path in record:
        return record[path]
    return _below(record, path.replace("[]", "").split("."))


def _below(value: Any, keys: Sequence[str]) -> Any:
    for place, key in enumerate(keys):
        if isinstance(value, list):
            found = (_below(one, keys[place:]) for one in value[:_MOST_JOINED])
            return [one for one in found if one is not None] or None
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def has_path(record: Mapping[str, Any], path: str) -> bool:
    """Return whether there is anything at `path` in `record`, be it null."""
    return path in record or _leads(record, path.replace("[]", "").split("."))


def _leads(value: Any, keys: Sequence[str]) -> bool:
    for place, key in enumerate(keys):
        if isinstance(value, list):
            return any(_leads(one, keys[place:]) for one in value[:_MOST_JOINED])
        if not isinstance(value, Mapping) or key not in value:
            return False
        value = value[key]
    return True
