"""Ask an open index about articles, one by one: query_open.py INDEX FEED NUMBER.

The first call loads what all others use and is told apart.
"""

import itertools
import json
import statistics
import sys
import time

import orjson

from dedup.index.index import Index

path, feed, number = sys.argv[1:]
with open(feed, "rb") as lines:
    articles = [orjson.loads(line) for line in itertools.islice(lines, int(number) + 1)]
seconds, found = [], 0
with Index.open(path) as index:
    for article in articles:
        began = time.perf_counter()
        found += index.query([article]).num_rows > 0
        seconds.append(time.perf_counter() - began)
first, later = seconds[0], seconds[1:] or seconds
print(
    json.dumps(
        {
            "found": f"median {1e3 * statistics.median(later):.1f} ms, slowest {1e3 * max(later):.1f} ms, "
            f"first {first:.2f} s; {found} of {len(articles)} have copies",
            "median_ms": 1e3 * statistics.median(later),
            "first_s": first,
        }
    )
)
