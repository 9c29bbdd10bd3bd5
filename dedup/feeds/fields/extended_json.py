"""Values as MongoDB exports them: ``{"$date": ...}``, ``{"$oid": ...}``, ``{"$numberLong": ...}``.

https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/, both forms and the older one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_PLAIN: Final = frozenset(("$oid", "$uuid", "$symbol"))
_NUMBERS: Final = {"$numberLong": int, "$numberInt": int, "$numberDouble": float, "$numberDecimal": float}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def unwrapped(value: Any) -> Any:
    """Return what an object of extended JSON stands for, any other value as it is.

    Examples
    --------
    >>> unwrapped({"$oid": "65e1"}), unwrapped({"$date": {"$numberLong": "86400000"}})
    ('65e1', datetime.datetime(1970, 1, 2, 0, 0, tzinfo=datetime.timezone.utc))
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        return value
    ((key, inner),) = value.items()
    if key in _PLAIN and isinstance(inner, str):
        return inner
    try:
        if key in _NUMBERS and isinstance(inner, str):
            return _NUMBERS[key](inner)
        if key == "$date":
            inner = unwrapped(inner)
            # Milliseconds, whatever their number of digits.
            return _EPOCH + timedelta(milliseconds=inner) if isinstance(inner, int | float) else inner
    except (ValueError, OverflowError):
        return value
    return value
