"""Documents in memory together, in arrays that grow in place.

Texts come in block by block, and each block is compared with what is there. To
put old and new arrays together anew each time would copy everything as often
as there are blocks, and hold it twice meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dedup.confirm.documents import Documents

_NAMES: Final = tuple(field.name for field in fields(Documents))
_LEAST_ROOM: Final = 1024


class DocumentStack:
    """Documents one after the other.

    Attributes
    ----------
    n_words : int
        Words of all of them.
    """

    def __init__(self) -> None:
        # Room not yet written to is address space, not memory.
        self._room: dict[str, NDArray[Any]] = {}
        self._used = dict.fromkeys(_NAMES, 0)
        self._n = 0
        self.n_words = 0

    def __len__(self) -> int:
        return self._n

    def extend(self, parts: Iterable[Documents]) -> None:
        """Put documents on top; those handed out before stay as they are."""
        for part in parts:
            for name in _NAMES:
                values = getattr(part, name)
                if name.endswith("offsets"):
                    self._append_offsets(name, values)
                else:
                    self._append(name, values)
            self._n += len(part)
            self.n_words += int(part.n_units.sum(dtype=np.int64))

    def documents(self) -> Documents:
        """Return all documents, as views that are valid until `clear`.

        Raises
        ------
        ValueError
            If nothing was ever put on the stack.
        """
        if not self._room:
            raise ValueError("no documents were put on the stack")
        return Documents(**{name: self._room[name][: self._used[name]] for name in _NAMES})

    def clear(self) -> None:
        """Take all documents off; their room is written over by those that come next."""
        for name in _NAMES:
            self._used[name] = 1 if name.endswith("offsets") and name in self._room else 0
        self._n = self.n_words = 0

    def _append_offsets(self, name: str, offsets: NDArray[np.int64]) -> None:
        if not self._used[name]:
            self._append(name, offsets[:1])
        last = self._room[name][self._used[name] - 1]
        self._append(name, offsets[1:] + (last - offsets[0]))

    def _append(self, name: str, values: NDArray[Any]) -> None:
        begin = self._used[name]
        end = begin + len(values)
        room = self._room.get(name)
        if room is None or end > len(room):
            wider = np.empty(max(_LEAST_ROOM, 2 * end), values.dtype)
            if room is not None:
                wider[:begin] = room[:begin]
            self._room[name] = room = wider
        room[begin:end] = values
        self._used[name] = end
