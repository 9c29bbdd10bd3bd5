"""The floor: what no arrangement of this method can go below.

Imports, parsing, Arrow, words, sketches and one sort for each band; no index is written, no pair judged,
nothing reported. The distance to it is what the rest of ``dedup clusters`` costs.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dedup.feeds.feed import read_feed
from dedup.sketch.minhash import comparable_rows, sketch_articles, stored_slots
from dedup.sketch.shingles import BODY, LEAD

threads = os.cpu_count() or 1
found: dict[int, list[np.ndarray]] = {BODY: [], LEAD: []}
n = 0
for batch in read_feed(sys.argv[1]):
    articles = batch.articles
    n += articles.num_rows
    sketch = sketch_articles(articles["title"], articles["text"], threads=threads)
    for kind, kept in found.items():
        kept.append(stored_slots(sketch.signatures[comparable_rows(sketch, kind)]))


def sort_band(column: np.ndarray) -> int:
    keys = np.sort(column)
    return int((keys[1:] == keys[:-1]).sum())


with ThreadPoolExecutor(threads) as pool:
    for kept in found.values():
        # A band is two stored slots of 16 bits.
        list(pool.map(sort_band, np.concatenate(kept).view(np.uint32).T))
print(f'{{"found": "{n:,} articles sketched"}}')
