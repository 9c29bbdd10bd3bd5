"""text-dedup: MinHash with union-find over a Hugging Face data set.

usage: text_dedup_runner.py FEED.jsonl WORKDIR PROCESSES

Chosen (text-dedup 0.4.0; its README, ``--help`` and source):

- ``--num_proc`` all cores; ``--hash_func xxh3`` ("xxh3 is faster" than the default sha1); ``--hash_bits
  32``, which halves what numpy multiplies; ``--num_perm 128`` (default 250), enough for the threshold of
  0.7; shingles of five words and batches of 10,000, its defaults.
- the cache folder is empty at the start: a second run would read the first one's Arrow files.

Found: articles removed. The caller empties the work folder.
"""

import json
import logging
import re
import sys

from text_dedup import minhash

feed, work, processes = sys.argv[1:4]
said = []


class Listener(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())


minhash.logger.addHandler(Listener())
minhash.logger.setLevel(logging.INFO)
options = {
    "path": "json",
    "data_files": feed,
    "split": "train",
    "cache_dir": f"{work}/cache",
    "output": f"{work}/out",
    "column": "text",
    "num_perm": 128,
    "ngram": 5,
    "threshold": 0.7,
    "batch_size": 10_000,
    "num_proc": processes,
    "hash_func": "xxh3",
    "hash_bits": 32,
}
arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
minhash.main.main(arguments, standalone_mode=False)
count = {name: int(n) for line in said for name, n in re.findall(r"(Before|After)\s*:\s*(\d+)", line)}
print(json.dumps({"found": f"{count['Before'] - count['After']:,} duplicates"}))
