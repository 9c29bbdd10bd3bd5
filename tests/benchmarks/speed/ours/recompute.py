"""Read feeds into a new index that takes over the epoch of another: recompute.py KNOWN NEW FEED..."""

import sys

from dedup.index.index import Index

known, new, *feeds = sys.argv[1:]
with Index.create(new) as index:
    with Index.open(known) as other:
        index.use_epoch(other)
    index.add(feeds)
print(f'{{"found": "{len(feeds)} files"}}')
