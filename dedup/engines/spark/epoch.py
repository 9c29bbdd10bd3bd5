"""Stage C: the epoch, learnt by one task from a sample of bounded size (`dedup.confirm.survey`).

The sample is the texts of smallest hash; up to what hash they go is read off counts of the hashes' first
bits, so that little more than the sample is surveyed and moved, however large the feed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.confirm.epoch import Learnt, learn
from dedup.confirm.survey import COUNTED_TEXTS, SURVEYED_TEXTS, Survey, survey_texts
from dedup.engines.spark.packets import Inbox, Packet, column
from dedup.engines.spark.texts import BIN_BITS
from dedup.text.furniture import Anchors
from dedup.text.words import tokenize

_LISTS: Final = ("anchors", "openings", "names", "bigrams", "units", "unit_bigrams")

SURVEY_SCHEMA: Final = pa.schema(
    [
        pa.field("hash", pa.int64()),
        pa.field("outlet", pa.int64()),
        *(pa.field(name, pa.large_list(pa.uint32())) for name in _LISTS),
    ]
)
"""A survey as rows: the lists of `dedup.confirm.survey.Survey`, and the outlet of each text."""

MUTE_SCHEMA: Final = pa.schema([pa.field("hash", pa.int64())])
EPOCH_SCHEMA: Final = pa.schema([pa.field("name", pa.string()), pa.field("data", pa.binary())])


def limit_of(bins: NDArray[np.int64], n_texts: int) -> int:
    """Return a hash up to which there are at least `n_texts` texts, or the greatest.

    Parameters
    ----------
    bins : int64 array, shape (2**BIN_BITS,)
        Texts by the first bits of their hash.
    """
    last = int(np.searchsorted(np.cumsum(bins), n_texts))
    return min((last + 1) << (64 - BIN_BITS), 1 << 64) - 1


def survey_nodes(_: int, packets: Iterator[Packet], *, limit: int, count_limit: int) -> Iterator[Packet]:
    """Survey the texts within a limit; all goes to one partition.

    Yields
    ------
    Packet
        ``survey`` (`SURVEY_SCHEMA`), ``mute`` (`MUTE_SCHEMA`).
    """
    for packet in packets:
        nodes = packet.table()
        mute = nodes.filter(nodes["mute"]).select(["hash"])
        if len(mute):
            yield Packet.of(0, "mute", mute)
        hashes = column(nodes, "hash").view(np.uint64)
        some = np.flatnonzero(hashes <= np.uint64(limit))
        if not len(some):
            continue
        chosen = nodes.take(pa.array(some))
        words = tokenize(chosen["text"].combine_chunks())
        survey = survey_texts(words, hashes[some], count_limit=count_limit)
        yield Packet.of(0, "survey", _rows(survey, chosen["outlet"]))


def learn_epoch(_: int, packets: Iterator[Packet], *, n_texts: int) -> Iterator[Packet]:
    """Learn the epoch of a corpus of `n_texts` distinct texts.

    Yields
    ------
    Packet
        ``epoch`` (`EPOCH_SCHEMA`): the files of `Learnt.to_files`.
    """
    inbox = Inbox(packets)
    mute = column(inbox.table("mute", MUTE_SCHEMA), "hash").view(np.uint64)
    rows = inbox.table("survey", SURVEY_SCHEMA)
    del inbox
    order = np.argsort(column(rows, "hash").view(np.uint64))[:SURVEYED_TEXTS]
    rows = rows.take(pa.array(order)).combine_chunks()
    survey = _survey(rows).take(np.arange(len(rows)), COUNTED_TEXTS)
    files = learn(survey, column(rows, "outlet"), np.sort(mute), n_texts).to_files()
    yield Packet.of(0, "epoch", pa.table([list(files), list(files.values())], schema=EPOCH_SCHEMA))


def epoch_of(tables: Sequence[pa.Table]) -> Learnt:
    """Return the epoch that `learn_epoch` packed; that of an empty corpus without any."""
    files = {row["name"]: row["data"] for table in tables for row in table.to_pylist()}
    return Learnt.from_files(files) if files else Learnt.nothing()


def _rows(survey: Survey, outlets: pa.ChunkedArray) -> pa.Table:
    a = survey.anchors
    lists = {
        "anchors": (a.keys, a.offsets),
        "openings": (a.openings, a.opening_offsets),
        "names": (a.names, a.name_offsets),
        "bigrams": (survey.bigrams, survey.bigram_offsets),
        "units": (survey.units, survey.unit_offsets),
        "unit_bigrams": (survey.unit_bigrams, survey.unit_offsets),
    }
    arrays = [pa.LargeListArray.from_arrays(pa.array(lists[n][1]), pa.array(lists[n][0])) for n in _LISTS]
    return pa.table([pa.array(survey.hashes.view(np.int64)), outlets, *arrays], schema=SURVEY_SCHEMA)


def _survey(rows: pa.Table) -> Survey:
    lists = []
    for name in _LISTS:
        array = rows[name].combine_chunks()
        if isinstance(array, pa.ChunkedArray):  # of no rows
            array = pa.array([], SURVEY_SCHEMA.field(name).type)
        offsets = array.offsets.to_numpy()
        lists.append((array.values.to_numpy()[offsets[0] : offsets[-1]], offsets - offsets[0]))
    (keys, at), (openings, opening_at), (names, name_at), (bigrams, bigram_at), (units, unit_at), pairs = (
        lists
    )
    return Survey(
        column(rows, "hash").view(np.uint64),
        Anchors(keys, at, openings, opening_at, names, name_at),
        bigrams, bigram_at, units, pairs[0], unit_at,
    )  # fmt: skip
