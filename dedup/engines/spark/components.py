"""Stage I: which texts are connected by confirmed edges, named by the smallest text hash among them.

Each partition sends a spanning forest of its edges. Where all forests together fit the driver, it finds the
components: hashes, no text. Where they do not, the partitions find them among themselves (`stars`). The
answer is the same, so a run that is taken up with another limit may take up either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa

from dedup.engines.spark.forest import (
    ARC_SCHEMA,
    COUNT,
    DOWN,
    UP,
    hashes_of,
    read_arcs,
    spanning_forest,
    stars,
    total,
)
from dedup.engines.spark.packets import Hashes, Kernel, Packet, addressed
from dedup.engines.spark.runner import Runner
from dedup.engines.spark.stars import make_stars

LABEL: Final = "label"
LABEL_SCHEMA: Final = pa.schema([("hash", pa.int64()), ("label", pa.int64())])
"""A text that has an edge, and the smallest text hash of its component; at the home of the text."""

MOST_ON_DRIVER: Final = 2_000_000
"""Arcs of all forests, 16 bytes each, that the driver takes: 32 MB, half of a `spark.driver.maxResultSize`
of 64 MB."""


def find_labels(
    runner: Runner, edges: tuple[str, Sequence[str]], least: int, most_on_driver: int = MOST_ON_DRIVER
) -> str:
    """Label each text that has an edge with the smallest text hash of its connected component.

    Parameters
    ----------
    runner : Runner
    edges : (stage, kinds)
        Packets of `EDGE_SCHEMA` at the home of `left`.
    least : int
        Integer sum that an edge must reach to count.
    most_on_driver : int
        Arcs that the driver may collect; beyond, components are found in rounds.

    Returns
    -------
    str
        Stage that holds packets of kind "label", each text once.
    """
    n = runner.n_partitions
    runner.stage("forest", [edges], partial(spanning_forest, least, n))
    arcs = "forest"
    label: Kernel
    if total(runner.collect(arcs, COUNT)) <= most_on_driver:
        # Not the other arcs, which lie in as many packets as there are pairs of partitions, a header on each.
        up = pa.concat_tables([ARC_SCHEMA.empty_table(), *runner.collect(arcs, UP)])
        label = partial(look_up, *stars(hashes_of(up, "at"), hashes_of(up, "other")))
    else:
        arcs = make_stars(runner, arcs)
        label = middles
    runner.stage("labels", [(arcs, (DOWN, UP))], label)
    return "labels"


def look_up(texts: Hashes, smallest: Hashes, partition: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    """Kernel: label the texts at home here by what the driver found.

    Parameters
    ----------
    texts, smallest : uint64 array, shape (k,)
        What `dedup.engines.spark.forest.stars` gives of all forests.
    partition : int
    packets
        "down" and "up".

    Yields
    ------
    Packet
        "label".
    """
    at, _ = read_arcs(packets, (DOWN, UP))
    here = np.unique(at)
    # The greatest text of all is never the smallest of its component, so the search stays within `texts`.
    place = np.searchsorted(texts, here)
    yield from _labels(partition, here, np.where(texts[place] == here, smallest[place], here))


def middles(partition: int, packets: Iterator[Packet]) -> Iterator[Packet]:
    """Kernel: label the texts at home here by the middle of the star they are in.

    Parameters
    ----------
    partition : int
    packets
        "down" and "up", all of them stars around the smallest text.

    Yields
    ------
    Packet
        "label".
    """
    at, other = read_arcs(packets, (DOWN, UP))
    here, first = np.unique(at, return_index=True)
    yield from _labels(partition, here, np.minimum(here, other[first]))


def _labels(partition: int, texts: Hashes, labels: Hashes) -> Iterator[Packet]:
    table = pa.table([texts.view(np.int64), labels.view(np.int64)], schema=LABEL_SCHEMA)
    yield from addressed(LABEL, table, np.full(len(texts), partition, np.int64))
