"""datatrove: MinHash in three stages. usage: datatrove_runner.py FOLDER WORKDIR WORKERS

Chosen (datatrove 0.10.1; its README, examples/minhash_deduplication.py and source):

- its default MinHash (14 buckets of 8, five words, xxhash of 64 bits), a task and a worker for each core
  over FOLDER, which holds as many files (the caller splits the feed, which is not measured), and one task
  for each bucket in the second stage.
- the tokenizer that it assigns to English (spaCy). It takes most of the time; the other one that it could
  be handed, its WhitespaceTokenizer, goes through spaCy as well and is not faster (100 articles: 1.5 s
  against 0.9 s).
- the last stage, which would write the feed without its duplicates, is left out in its favour. The program
  in Rust for the third stage is not part of the package; that stage takes a fraction of a second here.
- workers start by ``fork``, which saves them the imports.

Found: articles to remove, as its third stage counts them.
"""

import json
import struct
import sys
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster
from datatrove.pipeline.readers import JsonlReader
from datatrove.utils.typeshelper import Languages


def main(folder, work, workers):
    cores = int(workers)
    config = MinhashConfig()

    def stage(number, tasks, *steps):
        LocalPipelineExecutor(
            pipeline=list(steps),
            tasks=tasks,
            workers=min(tasks, cores),
            logging_dir=f"{work}/log{number}",
            start_method="fork",
        ).run()

    signatures = MinhashDedupSignature(f"{work}/signatures", config=config, language=Languages.english)
    stage(1, cores, JsonlReader(folder), signatures)
    stage(2, config.num_buckets, MinhashDedupBuckets(f"{work}/signatures", f"{work}/pairs", config=config))
    stage(3, 1, MinhashDedupCluster(f"{work}/pairs", f"{work}/remove", config=config))
    removed = sum(file.stat().st_size for file in Path(work, "remove").glob("*.remove")) // struct.calcsize(
        "<I"
    )
    print(json.dumps({"found": f"{removed:,} duplicates"}))


if __name__ == "__main__":
    main(*sys.argv[1:4])
