"""The epoch: what is learnt from a corpus, frozen, so that decisions stay put while it grows.

A pair of texts is confirmed by the two texts, the model and the epoch, and by
nothing else. So within an epoch ten small loads and one big load give the same
clusters, and confirmed edges can be kept. `dedup index --refresh` learns anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.confirm.survey import Survey, survey_texts
from dedup.confirm.tfidf import BIGRAM_BITS, WORD_BITS, CorpusCounts
from dedup.text.frames import learn_frames
from dedup.text.furniture import Furniture, learn_furniture
from dedup.text.words import Words

_CODEC: Final = "zstd"


@dataclass(frozen=True, slots=True)
class Learnt:
    """What an epoch holds.

    Parameters
    ----------
    counts : CorpusCounts
        Document frequencies over distinct texts.
    furniture : Furniture
        Passages shared by strangers.
    rubrics : uint64 array, shape (r,)
        Text hashes, ascending, of short texts that match nothing: those one outlet prints day after day
        ("Sports Betting Line"), and pages without their article (`dedup.engines.placeholders`).
    """

    counts: CorpusCounts
    furniture: Furniture
    rubrics: NDArray[np.uint64]

    @classmethod
    def nothing(cls) -> Learnt:
        """Return the epoch of an empty corpus: the background alone decides."""
        return cls(CorpusCounts.none(), Furniture.none(), np.empty(0, np.uint64))

    def without_furniture(self) -> Learnt:
        """Return the same document frequencies with nothing to leave out of a comparison."""
        return Learnt(self.counts, Furniture.none(), np.empty(0, np.uint64))

    def to_files(self) -> dict[str, bytes]:
        """Encode for the index folder; equal epochs give equal bytes."""
        return {
            "words": _packed(self.counts.words),
            "bigrams": _packed(self.counts.bigrams),
            "furniture": _packed(self.furniture.anchors),
            "frames": _packed(self.furniture.frames),
            "rubrics": _packed(self.rubrics.view(np.uint32)),
            "n_texts": str(self.counts.n_texts).encode(),
        }

    @classmethod
    def from_files(cls, files: dict[str, bytes]) -> Learnt:
        """Decode what `to_files` gave."""
        words = _unpacked(files["words"], 1 << WORD_BITS)
        bigrams = _unpacked(files["bigrams"], 1 << BIGRAM_BITS)
        counts = CorpusCounts(int(files["n_texts"]), words, bigrams)
        rubrics = _unpacked(files["rubrics"], None).view(np.uint64)
        furniture = Furniture(_unpacked(files["furniture"], None), _unpacked(files["frames"], None))
        return cls(counts, furniture, rubrics)


FILES: Final = ("words", "bigrams", "furniture", "frames", "rubrics", "n_texts")


def learn(
    batches: Iterable[tuple[Words, NDArray[np.uint64], NDArray[np.int64]]],
    rubrics: NDArray[np.uint64],
    *,
    threads: int = 1,
) -> Learnt:
    """Learn an epoch from distinct texts.

    Parameters
    ----------
    batches : iterable of (Words, uint64 array of shape (n,), int64 array of shape (n,))
        Words, text hashes and outlet numbers (-1: not known); no text hash occurs twice, in any batch.
    rubrics : uint64 array, shape (r,)
        See `Learnt`.
    threads : int, default 1
        Threads to use; the result does not depend on it, nor on order and size of the batches.

    Returns
    -------
    Learnt
    """
    found: list[Survey] = []
    order, outlets = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for words, hashes, published_by in batches:
        found.append(survey_texts(words, threads=threads))
        order.append(hashes)
        outlets.append(published_by)
    survey, hashes = Survey.joined(found), np.concatenate(order)
    anchors = learn_furniture(survey.anchors, hashes, np.concatenate(outlets), threads=threads)
    frames = learn_frames(survey.bigrams, survey.bigram_offsets, hashes)
    return Learnt(survey.counts, Furniture(anchors, frames), np.unique(rubrics))


def _packed(array: NDArray[np.uint32]) -> bytes:
    return np.int64(len(array)).tobytes() + bytes(
        pa.Codec(_CODEC).compress(array.astype("<u4").tobytes(), asbytes=True)
    )


def _unpacked(data: bytes, size: int | None) -> NDArray[np.uint32]:
    n = int(np.frombuffer(data[:8], "<i8")[0])
    if size is not None and n != size:
        raise ValueError(f"epoch array holds {n} numbers, not {size}")
    return np.frombuffer(pa.Codec(_CODEC).decompress(data[8:], 4 * n, asbytes=True), "<u4").astype(np.uint32)
