"""text-dedup: MinHash with union-find over a Hugging Face data set. usage: text_dedup_runner.py FEED.jsonl WORKDIR PROCESSES

Chosen (text-dedup 0.4.0; its README, ``--help`` and source):

- ``--num_proc`` all cores; ``--hash_func xxh3`` ("xxh3 is faster" than the default sha1); ``--hash_bits 32``, which halves
  what numpy multiplies; ``--num_perm 128`` (default 250), at which the threshold of 0.7 is still met;
  shingles of five words and batches of 10,000, its defaults.
- the cache folder is empty at the start: a second run would read the first one's Arrow files.

Found: articles removed. Runs in the work folder, which the caller empties.
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
arguments = (
    f"--path json --data_files {feed} --split train --cache_dir {work}/cache --output {work}/out --column text "
    f"--num_perm 128 --ngram 5 --threshold 0.7 --batch_size 10000 --num_proc {processes} --hash_func xxh3 --hash_bits 32"
)
minhash.main.main(arguments.split(), standalone_mode=False)
count = {name: int(n) for line in said for name, n in re.findall(r"(Before|After)\s*:\s*(\d+)", line)}
print(json.dumps({"found": f"{count['Before'] - count['After']:,} duplicates"}))
