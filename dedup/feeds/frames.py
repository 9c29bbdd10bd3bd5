"""Articles that are already in memory: a pandas DataFrame, an Arrow table or a list of records, as a feed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from dedup.article import FeedBatch, Reject
from dedup.errors import FeedError
from dedup.feeds import reasons
from dedup.feeds.dates.zones import Zones
from dedup.feeds.fields.builder import ArticleBuilder
from dedup.feeds.fields.field_map import FieldMap
from dedup.feeds.fields.mapping import canonical_mapping
from dedup.feeds.raw_batch import RawBatch

NAME: Final = "<memory>"
"""What stands for the file; a record's line is its row number, from 1."""

_BATCH: Final = 4096
_REJECTS_KEPT: Final = 10_000


class FrameFeed:
    """A feed over records in memory; attributes and iteration as `dedup.feeds.Feed`.

    Parameters
    ----------
    source : pandas DataFrame, pyarrow Table or sequence of mappings
        Columns or keys as a CSV or JSON feed would have them.
    mapping : mapping of str to str, optional
        Field -> column, for what is not guessed.
    on_note : callable, optional
        Gets each line about what was guessed.
    clean, timezone, zones
        As for `dedup.feeds.read_feed`.

    Raises
    ------
    FeedError
        If `source` is none of these, or (while iterating) has no column for title or text.
    """

    def __init__(
        self,
        source: Any,
        mapping: Mapping[str, str] | None = None,
        on_note: Callable[[str], None] | None = None,
        *,
        clean: bool = True,
        timezone: str | None = None,
        zones: Mapping[str, str] | None = None,
    ) -> None:
        self._clean = clean
        self._zones = Zones.of(timezone, zones)
        self._mapping = canonical_mapping((mapping or {}).items())
        self._records = _records(source)
        self._on_note = on_note
        self.paths = [NAME]
        self._start()

    def _start(self) -> None:
        self.notes: list[str] = []
        self.n_read = 0
        self.n_rejected = 0
        self.rejects: list[Reject] = []
        self.reject_counts: Counter[str] = Counter()

    def __iter__(self) -> Iterator[FeedBatch]:
        self._start()
        builder: ArticleBuilder | None = None
        for low in range(0, len(self._records), _BATCH):
            some = self._records[low : low + _BATCH]
            raw = RawBatch(records=list(some), lines=list(range(low + 1, low + 1 + len(some))))
            if builder is None:
                fields = FieldMap.resolve(NAME, raw.column_names(), raw.records, self._mapping)
                builder = ArticleBuilder(NAME, fields, clean=self._clean, zones=self._zones)
                self._note(str(fields))
            batch = builder.build(raw)
            lost = sum(one.reason not in reasons.KEPT for one in batch.rejects)
            self.n_read += batch.articles.num_rows + lost
            self.n_rejected += lost
            self.reject_counts.update(one.reason for one in batch.rejects)
            self.rejects += batch.rejects[: max(0, _REJECTS_KEPT - len(self.rejects))]
            yield batch
        for said in [] if builder is None else builder.notes():
            self._note(said)

    def _note(self, said: str) -> None:
        self.notes.append(f"{NAME}: {said}")
        if self._on_note is not None:
            self._on_note(self.notes[-1])


def _records(source: Any) -> Sequence[Mapping[str, Any]]:
    if hasattr(source, "to_pylist"):  # an Arrow table or record batch
        rows: list[dict[str, Any]] = source.to_pylist()
        return rows
    if hasattr(source, "to_dict") and hasattr(source, "columns"):  # a DataFrame
        import pyarrow as pa

        # By way of Arrow, missing values of every kind become None.
        return _records(pa.Table.from_pandas(source, preserve_index=False))
    if isinstance(source, Sequence) and all(isinstance(one, Mapping) for one in source):
        return source
    raise FeedError(
        f"{type(source).__name__} is no feed", "give paths, a DataFrame, an Arrow table or a list of records"
    )
