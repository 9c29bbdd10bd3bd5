"""What runs in Spark's Python workers: batches to packets, a kernel over them, and packets to batches."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import chain, groupby
from typing import Final, ParamSpec
from urllib.parse import unquote

import pyarrow as pa

from dedup.engines.spark.packets import PACKET_SCHEMA, Kernel, Packet
from dedup.engines.spark.runner import FILE, SourceKernel
from dedup.errors import DedupError

BATCH_BYTES: Final = 16 << 20
"""Bytes of packets that are handed to Java at a time: a batch is there twice, here and in Java."""
BATCH_PACKETS: Final = 1024

Batches = Iterator[pa.RecordBatch]
Count = Callable[[dict[str, tuple[int, int]]], None]
"""Takes the packets and bytes given so far, by kind."""

_MARK: Final = re.compile(r"<dedup-error ([A-Za-z0-9+/=]+)>")
P = ParamSpec("P")


class _MarkedError(Exception):
    """An error of ours on its way through Java, which keeps nothing but text."""


def marked(task: Callable[P, Batches]) -> Callable[P, Batches]:
    """Return a task whose `DedupError` can be had back from the text of what Spark raises (`unmarked`)."""

    @wraps(task)
    def run(*args: P.args, **kwargs: P.kwargs) -> Batches:
        try:
            yield from task(*args, **kwargs)
        except DedupError as error:
            said = json.dumps([type(error).__name__, error.message, error.fix])
            packed = base64.b64encode(said.encode()).decode()
            # Alone: what the error says may hold a feed's text, which may look like a mark.
            raise _MarkedError(f"<dedup-error {packed}>") from None

    return run


def unmarked(text: str) -> DedupError | None:
    """Return the error that `marked` put into a text; whatever else looks like one can but say something."""
    found = _MARK.search(text)
    if found is None:
        return None
    try:
        name, message, fix = json.loads(base64.b64decode(found[1]))
        return _kinds().get(name, DedupError)(message, fix)
    except (TypeError, ValueError):
        return None


def _kinds() -> dict[str, type[DedupError]]:
    """Return all kinds of errors that take a message and a fix, by name."""
    kinds, found = [DedupError], {}
    while kinds:
        kind = kinds.pop()
        found[kind.__name__] = kind
        kinds += kind.__subclasses__()
    return found


@marked
def exchanged(kernel: Kernel, n_partitions: int, count: Count, batches: Batches) -> Batches:
    """Call a kernel for each partition whose packets are here, one after the other; they come in order."""

    by_partition = groupby(_checked(_packets(batches), n_partitions), key=lambda packet: packet.to)
    yield from _batches(chain.from_iterable(kernel(to, mine) for to, mine in by_partition), count)


@marked
def in_place(kernel: Kernel, count: Count, batches: Batches) -> Batches:
    """Call a kernel for the packets that are here, whatever their partition; not at all if there are none."""
    packets = _packets(batches)
    for first in packets:
        yield from _batches(kernel(-1, chain([first], packets)), count)


@marked
def read(
    kernel: SourceKernel, shown: Mapping[str, str], names: Sequence[str], count: Count, batches: Batches
) -> Batches:
    """Call a source's kernel for the rows that are here, if any.

    Parameters
    ----------
    kernel : SourceKernel
    shown : mapping of str to str
        What the user calls a file, by its path as Spark has it.
    names : sequence of str
        What the columns are called.
    count : Count
    batches : iterator of RecordBatch
    """
    named = (_named(batch, shown, names) for batch in batches if batch.num_rows)
    for first in named:
        yield from _batches(kernel(chain([first], named)), count)


@marked
def unpacked(schema: pa.Schema, batches: Batches) -> Batches:
    """Return the rows of the tables in packets, in the columns and types of a schema."""
    for packet in _packets(batches):
        yield from packet.table().select(schema.names).cast(schema).to_batches()


def _named(batch: pa.RecordBatch, shown: Mapping[str, str], names: Sequence[str]) -> pa.RecordBatch:
    """Return rows with columns and files called as their user does, not as Spark does."""
    renamed = batch.rename_columns(list(names))
    files = renamed.column(FILE).dictionary_encode()
    paths = [shown[_path(uri)] for uri in files.dictionary.to_pylist()]
    column = pa.DictionaryArray.from_arrays(files.indices, pa.array(paths)).cast(pa.string())
    return renamed.set_column(list(names).index(FILE), FILE, column)


def _path(uri: str) -> str:
    """Return a path as Hadoop writes it, from the URI that it is in a row's metadata."""
    return unquote(re.sub("^file:/+", "file:/", uri))


def _packets(batches: Batches) -> Iterator[Packet]:
    for batch in batches:
        to, kind, data = (batch.column(name) for name in PACKET_SCHEMA.names)
        for row in range(batch.num_rows):
            yield Packet(to[row].as_py(), kind[row].as_py(), data[row].as_py())


def _checked(packets: Iterator[Packet], n_partitions: int) -> Iterator[Packet]:
    for packet in packets:
        if not 0 <= packet.to < n_partitions:
            raise ValueError(
                f"a packet of kind {packet.kind} is addressed to {packet.to}, of {n_partitions} partitions"
            )
        yield packet


def _batches(packets: Iterator[Packet], count: Count) -> Batches:
    """Batch packets by their bytes, and tell what was given when all were."""
    given: dict[str, tuple[int, int]] = {}
    waiting: list[Packet] = []
    size = 0
    for packet in packets:
        n_packets, n_bytes = given.get(packet.kind, (0, 0))
        given[packet.kind] = n_packets + 1, n_bytes + len(packet.data)
        if waiting and (size + len(packet.data) > BATCH_BYTES or len(waiting) == BATCH_PACKETS):
            yield _batch(waiting)
            waiting, size = [], 0
        waiting.append(packet)
        size += len(packet.data)
    if waiting:
        yield _batch(waiting)
    count(given)


def _batch(packets: list[Packet]) -> pa.RecordBatch:
    columns = [[packet.to for packet in packets], [packet.kind for packet in packets]]
    data = [packet.data for packet in packets]
    arrays = [pa.array(*pair) for pair in zip([*columns, data], PACKET_SCHEMA.types, strict=True)]
    return pa.record_batch(arrays, schema=PACKET_SCHEMA)
