"""rensa: MinHash in Rust. usage: rensa_runner.py FEED.jsonl full|rho

Chosen (rensa 0.5.0; its README and benchmarks/full_benchmark.py of its repository):

- shingles of five words, made in Python: rensa has no tokenizer. Lower case and ``split``, as in rensa's
  own benchmark, are the fastest way to words there is; they run on one core, as Python does. The other
  settings are those of the job: 128 permutations and 16 bands, a threshold of about 0.7 like that of the
  other peers (its benchmark: 8 bands, 0.88).
- the batch calls (``digest_matrix_from_token_sets``), which use all cores for large batches and make no
  Python object for a document; one LSH call per batch. `full` is R-MinHash over the whole set, the setting
  that does the job. `rho` is the sampling pipeline that it calls fastest, with the probes of its benchmark;
  of the 37,554 articles of allsides it flags 11,078, where `full` flags 33, text-dedup 31 and datatrove 32:
  it does not do the job on long texts, and is shown beside and not instead.
- batches of 4,000 articles: the shingles of a whole feed at once take gigabytes.
- collecting garbage is switched off: millions of strings in lists, no cycles.

Found: articles that share a band with an earlier one, or with one of the same batch. rensa names no
cluster and does not say which copy belongs to which original.
"""

import gc
import json
import sys

import orjson
from rensa import RMinHash, RMinHashLSH

BATCH = 4_000
WORDS = 5
PERMUTATIONS = 128
BANDS = 16


def shingles(text):
    words = text.lower().split()
    if len(words) < WORDS:
        return words
    return [" ".join(words[i : i + WORDS]) for i in range(len(words) - WORDS + 1)]


def batches(path):
    batch = []
    with open(path, "rb") as lines:
        for line in lines:
            batch.append(shingles(orjson.loads(line).get("text") or ""))
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def main(path, how):
    gc.disable()
    index = RMinHashLSH(threshold=0.7, num_perm=PERMUTATIONS, num_bands=BANDS)
    n = flagged = 0
    for batch in batches(path):
        if how == "rho":
            matrix = RMinHash.digest_matrix_from_token_sets_rho(batch, PERMUTATIONS, 42, probes=4)
        else:
            matrix = RMinHash.digest_matrix_from_token_sets(batch, PERMUTATIONS, 42)
        flagged += sum(index.insert_matrix_and_query_duplicate_flags(matrix, start_key=n))
        n += len(batch)
    print(json.dumps({"found": f"{flagged:,} duplicates"}))


main(*sys.argv[1:3])
