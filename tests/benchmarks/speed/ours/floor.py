"""The floor: what no arrangement of this method can go below.

Imports, parsing, Arrow, words, sketches and one sort for each band; no index is written, no pair judged,
nothing reported. The distance to it is what the rest of ``dedup clusters`` costs.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dedup.feeds.feed import read_feed
from dedup.sketch import bands
from dedup.sketch.minhash import comparable_rows, sketch_articles
from dedup.sketch.shingles import BODY, LEAD

threads = os.cpu_count() or 1
found: dict[int, list[np.ndarray]] = {BODY: [], LEAD: []}
n = 0
for batch in read_feed(sys.argv[1]):
    articles = batch.articles
    n += articles.num_rows
    sketch = sketch_articles(articles["title"], articles["text"], threads=threads)
    for kind, kept in found.items():
        kept.append(sketch.signatures[comparable_rows(sketch, kind)])


def sort_band(rows: np.ndarray) -> int:
    key = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        key = key * np.uint64(0x9E3779B97F4A7C15) + column
    key.sort()
    return int((key[1:] == key[:-1]).sum())


with ThreadPoolExecutor(threads) as pool:
    for kept in found.values():
        signatures = np.concatenate(kept)
        slots = range(0, signatures.shape[1], bands.ROWS)
        list(pool.map(sort_band, (signatures[:, low : low + bands.ROWS] for low in slots)))
print(f'{{"found": "{n:,} articles sketched"}}')
