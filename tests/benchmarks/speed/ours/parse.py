"""The baseline: parse the lines of a feed with orjson, and nothing else."""

import sys

import orjson

n = 0
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        orjson.loads(line)
        n += 1
print(f'{{"found": "{n:,} lines"}}')
