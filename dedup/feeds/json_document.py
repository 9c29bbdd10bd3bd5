"""JSON that is one document: an array of objects, an object around one, objects over several lines.

The document is held in memory, so there is a bound on its size; a feed above
it belongs in JSON lines. When it breaks somewhere, the records before the
break are kept and the break is reported with its line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

from dedup.errors import FeedError
from dedup.feeds import reasons
from dedup.feeds.fields import KNOWN_NAMES, folded_name
from dedup.feeds.raw_batch import RawBatch

if TYPE_CHECKING:
    from dedup.feeds.readers import ReadOptions
    from dedup.feeds.sources import Source

LARGEST_DOCUMENT: Final = 512 << 20
"""Bytes of JSON in one document; parsed it takes several times as much memory."""

_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_BETWEEN = re.compile(r"[\s,]*")


class JsonDocumentReader:
    """Reads one JSON document.

    Parameters
    ----------
    source : Source
    options : ReadOptions

    Attributes
    ----------
    replaced : int
        1 when invalid UTF-8 was replaced in the document.
    """

    described = "json document"

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self._source = source
        self._file = source.path
        self._batch_size = options.batch_size
        self._mapped = options.mapped
        self.replaced = 0

    def read(self) -> Iterator[RawBatch]:
        """Yield the records; `lines` counts records, for a document has no lines of its own.

        Raises
        ------
        FeedError
            The document is larger than `LARGEST_DOCUMENT`.
        """
        data = bytearray()
        for block in self._source.blocks():
            data += block
            if len(data) > LARGEST_DOCUMENT:
                raise FeedError(
                    f"{self._file}: a JSON document of over {LARGEST_DOCUMENT >> 20} MB",
                    "write one object a line, for example with: jq -c '.[]' IN > OUT.jsonl",
                )
        try:
            values: Iterable[tuple[int, Any]] = enumerate(self._unwrapped(orjson.loads(data)), 1)
        except orjson.JSONDecodeError:
            values = self._salvaged(data.decode("utf-8", "surrogateescape"))
        batch = RawBatch()
        for line, value in values:
            if isinstance(value, dict):
                batch.records.append(value)
                batch.lines.append(line)
            elif isinstance(value, _Break):
                batch.rejects.append(reasons.reject(self._file, line, reasons.NOT_JSON, value.said))
            else:
                batch.rejects.append(reasons.reject(self._file, line, reasons.NOT_OBJECT, value))
            if len(batch.records) + len(batch.rejects) >= self._batch_size:
                yield batch
                batch = RawBatch()
        if batch.records or batch.rejects:
            yield batch

    def _unwrapped(self, document: Any) -> list[Any]:
        """Return the records of a document: an array's elements, or those of the one array in an object."""
        if isinstance(document, list):
            return document
        if isinstance(document, dict) and not self._is_record(document):
            arrays = [
                value
                for value in document.values()
                if isinstance(value, list) and value and isinstance(value[0], dict)
            ]
            if len(arrays) == 1:  # {"status": "ok", "articles": [...]}
                return arrays[0]
        return [document]

    def _is_record(self, document: Mapping[str, Any]) -> bool:
        return any(
            key in self._mapped or (folded_name(key) in KNOWN_NAMES and isinstance(value, str))
            for key, value in document.items()
            if folded_name(key) in ("title", "headline", "text", "body") or key in self._mapped
        )

    def _salvaged(self, text: str) -> Iterator[tuple[int, Any]]:
        """Yield (line, value) for each value in `text` up to the first that cannot be read."""
        if _ESCAPED_BYTE.search(text):
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            self.replaced = 1
        decoder = json.JSONDecoder()
        position = len(text) - len(text.lstrip("\ufeff \t\r\n"))
        in_array = text.startswith("[", position)
        position += in_array
        line, counted = 1, 0
        while True:
            between = _BETWEEN.match(text, position)
            position = between.end() if between else position
            if position >= len(text):
                if in_array:
                    yield line + text.count("\n", counted), _Break("the array is never closed")
                return
            line += text.count("\n", counted, position)
            counted = position
            if in_array and text[position] == "]":
                in_array = False
                position += 1
                continue
            try:
                value, position = decoder.raw_decode(text, position)
            except (ValueError, RecursionError) as error:
                said = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deep"
                yield line, _Break(f"{said}; what follows is not read: {text[position : position + 120]}")
                return
            for one in self._unwrapped(value) if not in_array else [value]:
                yield line, one


class _Break:
    """Where a document stopped being JSON."""

    def __init__(self, said: str) -> None:
        self.said = said
