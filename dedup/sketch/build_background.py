"""Write `background.npz` from a folder of feeds.

Run as ``python -m dedup.sketch.build_background FEEDS_DIR``, where FEEDS_DIR
holds ``allsides.jsonl.gz`` (one JSON object a line, with "title" and "text").
Only hashes and counts go into the file. A corpus that is used to measure must
not be counted here.

Choices, made on the 37,554 articles (US outlets, 2012-2020) the shipped file counts:

- a word pair is common above 0.2 % of the articles (51,899 pairs): enough to
  keep strangers apart, few enough to leave a brief of 30 words its shingles;
- a word is common above 20 % (342 words). On 2,499 pairs of headlines graded
  for meaning, with a check of 40 equal slots, 2 % found .83 of the pairs that
  mean the same, 5 % .88, 10 % .92, 20 % and 30 % .94, and no more
  candidates;
- IDFs are kept for words of 5 and pairs of 20 articles or more: below, the
  count says little more than "rare", and the file would be several times as large.

A word is a name when `NAME_SHARE` of its uses inside a sentence are capitalised.
Headlines in title case hide that, so it is counted in running text.

Scripts without spaces are not counted: their shingles are not filtered.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from dedup.sketch import background as table
from dedup.sketch.shingles import bigram_hashes
from dedup.text.words import NUMBER, SENTENCE_START, SPACELESS, UPPER, Words, text_hashes, tokenize

COMMON_BIGRAM_SHARE: Final = 0.002
COMMON_WORD_SHARE: Final = 0.2
MIN_WORD_DF: Final = 5
MIN_BIGRAM_DF: Final = 20
NAME_SHARE: Final = 0.8
_BATCH: Final = 4000  # articles


def read_texts(feeds: Path) -> Iterator[pa.Array]:
    """Yield title and text of the articles, a blank line between, in batches."""
    batch: list[str] = []
    with gzip.open(feeds / "allsides.jsonl.gz") as lines:
        for line in lines:
            record = orjson.loads(line)
            batch.append(f"{record.get('title') or ''}\n\n{record.get('text') or ''}")
            if len(batch) == _BATCH:
                yield pa.array(batch, pa.large_string())
                batch = []
    yield pa.array(batch, pa.large_string())


def per_article(keys: NDArray[np.uint32], words: Words, wanted: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Keys of all words, each once per article that holds it."""
    article = np.repeat(np.arange(len(words), dtype=np.uint64), np.diff(words.offsets))
    packed = np.unique((article << np.uint64(32) | keys)[wanted])
    return packed.astype(np.uint32)


def count(feeds: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of `background.npz`."""
    seen = np.empty(0, np.uint64)
    word_lists, bigram_lists = [], []
    inside_lists, upper_lists = [np.empty(0, np.uint32)], [np.empty(0, np.uint32)]
    for texts in read_texts(feeds):
        words = tokenize(texts)
        hashes = text_hashes(words)
        first = np.zeros(len(words), np.bool_)
        first[np.unique(hashes, return_index=True)[1]] = True
        first &= ~np.isin(hashes, seen) & (hashes != 0)
        seen = np.append(seen, hashes[first])
        spaced = words.flags & SPACELESS == 0
        distinct = np.repeat(first, np.diff(words.offsets))
        word_lists.append(per_article(table.word_keys(words.hashes), words, distinct & spaced))
        pairs = distinct & spaced & np.append(spaced[1:], False)
        pairs[words.offsets[1:][np.diff(words.offsets) > 0] - 1] = False
        bigram_lists.append(per_article(bigram_hashes(words), words, pairs))
        inside = distinct & spaced & (words.flags & (SENTENCE_START | NUMBER) == 0)
        keys = table.word_keys(words.hashes)
        inside_lists.append(keys[inside])
        upper_lists.append(keys[inside & (words.flags & UPPER != 0)])
    n = len(seen)
    word_keys, word_df = np.unique(np.concatenate(word_lists), return_counts=True)
    bigram_keys, bigram_df = np.unique(np.concatenate(bigram_lists), return_counts=True)
    names = capitalised(
        np.concatenate(inside_lists), np.concatenate(upper_lists), word_keys[word_df >= MIN_WORD_DF]
    )
    kept_words, kept_bigrams = word_df >= MIN_WORD_DF, bigram_df >= MIN_BIGRAM_DF
    return {
        "format": np.array(table.FORMAT),
        "n_articles": np.array(n),
        "words_keys": word_keys[kept_words],
        "words_idf": table.quantised_idf(word_df[kept_words], n),
        "bigrams_keys": bigram_keys[kept_bigrams],
        "bigrams_idf": table.quantised_idf(bigram_df[kept_bigrams], n),
        "common_words": word_keys[word_df > COMMON_WORD_SHARE * n],
        "common_bigrams": bigram_keys[bigram_df > COMMON_BIGRAM_SHARE * n],
        "names": names,
    }


def capitalised(
    inside: NDArray[np.uint32], upper: NDArray[np.uint32], known: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """Return the `known` words (sorted) that are capitalised in most of their uses inside sentences."""
    uses = np.bincount(np.searchsorted(known, inside[np.isin(inside, known)]), minlength=len(known))
    capitals = np.bincount(np.searchsorted(known, upper[np.isin(upper, known)]), minlength=len(known))
    return known[(uses > 0) & (capitals >= NAME_SHARE * uses)]


def main(argv: Sequence[str]) -> None:
    """Write the table beside this module, or to the second path given."""
    if len(argv) not in (1, 2):
        sys.exit("usage: python -m dedup.sketch.build_background FEEDS_DIR [OUTPUT.npz]")
    target = Path(argv[1]) if len(argv) == 2 else Path(__file__).with_name("background.npz")
    arrays = count(Path(argv[0]))
    # The members carry no date: the same bytes every time.
    np.savez_compressed(target, allow_pickle=False, **arrays)
    sizes = ", ".join(f"{name} {array.size}" for name, array in arrays.items())
    print(f"{target}: {target.stat().st_size} bytes from {arrays['n_articles']} articles; {sizes}")


if __name__ == "__main__":
    main(sys.argv[1:])
