"""Learn how a feed writes: an order-1 Markov chain over its tokens, and the vocabulary as bytes of JSON.

A token is a run of characters without white space, its punctuation and capitals, and the white space behind
it: texts are made by putting tokens after each other. The chain is the base's own token stream, sorted by
token: a successor is drawn by taking one of a token's occurrences and looking at what stood behind it.

A chain knows no word that its base has not. Words that the base has a few times at most are therefore
printed as invented ones, drawn from a Zipf-Mandelbrot law: over n draws the number of distinct words grows
like n ** (1 / (1 + s)), and s makes that the base's own exponent (Heaps): a feed thirty times the base
has the vocabulary that thirty times as much news would have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from dedup.simulate.noise import as_ascii
from dedup.text.words import NUMBER, tokenize
from tests.benchmarks.speed.plan import COPIES

MOST_RARE = 64
"""A word that the base has more often than this is never printed as an invented one."""

LONGEST = 200
"""Longest token in bytes of JSON; a longer one (a link, a table) is printed as a dash."""

BASE_BYTES = 400 << 20
"""Most text that is learnt from: what is learnt takes about four times as much memory."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The token stream of n documents, sorted by token.

    Parameters
    ----------
    starts : int64 array, shape (types + 1,)
        The successors of type t are ``successors[starts[t]:starts[t + 1]]``.
    successors : int32 array, shape (tokens,)
    firsts : int32 array, shape (n,)
        First token of each document.
    lengths : int32 array, shape (n,)
        Tokens of each document.
    """

    starts: NDArray[np.int64]
    successors: NDArray[np.int32]
    firsts: NDArray[np.int32]
    lengths: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What each type looks like inside a JSON string, in Unicode and in ASCII.

    Parameters
    ----------
    letters : uint8 array
        All forms, one after the other.
    places : int64 array, shape (2, types, 5)
        In `letters`, for each type as it is and in ASCII: start, start and end of its word (for an invented
        one), end without the white space, end.
    first_rare : int
        Types from here on are printed with an invented word.
    upper, breaks : bool array, shape (types,)
        Whether the word has a capital; whether the type ends a line.
    """

    letters: NDArray[np.uint8]
    places: NDArray[np.int64]
    first_rare: int
    upper: NDArray[np.bool_]
    breaks: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Style:
    """Everything learnt from a base feed.

    Parameters
    ----------
    texts, titles : Chain
        Over the same types.
    vocabulary : Vocabulary
    non_ascii : float
        Share of the articles with a character outside ASCII.
    invention : tuple of two floats
        (q, s): the rank of an invented word is above r with probability (1 + r / q) ** -s.
    """

    texts: Chain
    titles: Chain
    vocabulary: Vocabulary
    non_ascii: float
    invention: tuple[float, float]


def learn(base: Path, most: int = BASE_BYTES) -> Style:
    """Learn from the articles of a JSON-lines feed that have a text (from its first `most` bytes of text).

    Raises
    ------
    ValueError
        If no line holds a text.
    """
    titles, texts = _documents(base, most)
    if not texts:
        raise ValueError(f"{base}: no article with a text to learn from")
    stream, types, documents = _encode([text + "\n\n" for text in texts] + [title + " " for title in titles])
    counts = np.bincount(stream, minlength=len(types))
    words = tokenize(types, spans=True)
    per_type = np.diff(words.offsets)
    distinct, word = np.unique(words.hashes, return_inverse=True)
    frequency = np.bincount(word, np.repeat(counts, per_type), len(distinct)).astype(np.int64)
    first = np.minimum(words.offsets[:-1], max(0, len(words.hashes) - 1))
    single = per_type == 1
    seen = np.where(single & (words.flags[first] & NUMBER == 0), frequency[word[first]], 2 * MOST_RARE)
    limit = _rare_limit(frequency, np.bincount(np.minimum(seen, 2 * MOST_RARE), counts))
    rare = seen <= limit

    # Frequent types first: what is needed often lies together. Rare ones last: one comparison tells them.
    order = np.lexsort((-counts, rare))
    new_number = np.empty(len(order), np.int32)
    new_number[order] = np.arange(len(order), dtype=np.int32)
    stream = new_number[stream]
    n_texts = int(documents[len(texts)])
    spans = np.stack((words.starts[first], words.ends[first]), axis=1)[order]  # type: ignore[index]
    half = np.bincount(stream[: documents[len(texts) // 2]], minlength=len(types)) > 0
    half_words = len(np.unique(word[np.repeat(half[new_number], per_type)]))
    return Style(
        texts=_chain(stream[:n_texts], documents[: len(texts) + 1], len(types)),
        titles=_chain(stream[n_texts:], documents[len(texts) :] - n_texts, len(types)),
        vocabulary=_vocabulary(types.take(order), int(len(order) - rare.sum()), spans),
        non_ascii=sum(not text.isascii() for text in texts) / len(texts),
        invention=_invention(frequency, limit, half_words, int(counts[rare].sum())),
    )


def _documents(base: Path, most: int) -> tuple[list[str], list[str]]:
    titles, texts, taken = [], [], 0
    for record in _records(base):
        title, text = (" ".join((record.get("title") or "").split()), (record.get("text") or "").strip())
        if not text:
            continue
        titles.append(title or "Untitled")
        texts.append(text)
        taken += len(text)
        if taken >= most:
            break
    return titles, texts


def _records(base: Path) -> Iterator[dict[str, Any]]:
    with base.open("rb") as lines:
        for line in lines:
            if line.strip():
                yield orjson.loads(line)


def _encode(texts: list[str]) -> tuple[NDArray[np.int32], pa.LargeBinaryArray, NDArray[np.int64]]:
    """Return the types of all tokens, the types, and where in the stream each document starts."""
    coded = [text.encode(errors="replace") for text in texts]
    starts = np.concatenate(([0], np.cumsum([len(text) for text in coded])))
    letters = np.frombuffer(b"".join(coded), np.uint8)
    offsets = _token_starts(letters, starts)
    column = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(letters)]
    ).dictionary_encode()
    stream = column.indices.to_numpy()
    return stream, column.dictionary, np.searchsorted(offsets, starts)


@njit(cache=True, nogil=True)
def _token_starts(letters, documents):  # type: ignore[no-untyped-def]
    """Offsets of the tokens in the letters, and their end; a document starts one."""
    found = np.empty(len(letters) // 2 + len(documents) + 1, np.int64)
    n = 0
    for document in range(len(documents) - 1):
        after_space = True
        for i in range(documents[document], documents[document + 1]):
            space = letters[i] == 32 or 9 <= letters[i] <= 13
            if after_space and not space:
                found[n] = i
                n += 1
            after_space = space
    found[n] = len(letters)
    return found[: n + 1].copy()


def _chain(stream: NDArray[np.int32], documents: NDArray[np.int64], n_types: int) -> Chain:
    starts = np.zeros(n_types + 1, np.int64)
    np.cumsum(np.bincount(stream, minlength=n_types), out=starts[1:])
    return Chain(
        starts=starts,
        successors=_successors(stream, starts[:-1].copy()),
        firsts=stream[documents[:-1]],
        lengths=np.diff(documents).astype(np.int32),
    )


@njit(cache=True, nogil=True)
def _successors(stream, place):  # type: ignore[no-untyped-def]
    """What stands behind each token, sorted by the token; the last is followed by the first."""
    out = np.empty(len(stream), np.int32)
    for i in range(len(stream)):
        out[place[stream[i]]] = stream[(i + 1) % len(stream)]
        place[stream[i]] += 1
    return out


def _vocabulary(types: pa.LargeBinaryArray, first_rare: int, spans: NDArray[np.int64]) -> Vocabulary:
    forms: list[bytes] = []
    places = np.empty((2, len(types), 5), np.int64)
    upper = np.zeros(len(types), np.bool_)
    breaks = np.zeros(len(types), np.bool_)
    end = 0
    for number, raw in enumerate(types.to_pylist()):
        text = raw.decode(errors="replace")
        breaks[number] = text.endswith("\n")
        parts = ("", "", text)
        if number >= first_rare:
            low, high = spans[number].tolist()
            parts = tuple(p.decode(errors="replace") for p in (raw[:low], raw[low:high], raw[high:]))
            upper[number] = parts[1][:1].isupper()
        for ascii_only in (0, 1):
            if ascii_only and text.isascii():
                places[1, number] = places[0, number]
                continue
            before, word, after = (_in_json(_plain(part, ascii_only)) for part in parts)
            last = len(_in_json(_plain(parts[2], ascii_only).rstrip()))
            if len(before) + len(word) + len(after) > LONGEST:
                before, word, after, last = b"", b"", b"- ", 1
            form = before + word + after
            low, high = len(before), len(before) + len(word)
            places[ascii_only, number] = (0, low, high, high + last, len(form))
            places[ascii_only, number] += end
            forms.append(form)
            end += len(form)
    return Vocabulary(np.frombuffer(b"".join(forms), np.uint8), places, first_rare, upper, breaks)


def _plain(text: str, ascii_only: int) -> str:
    return as_ascii(text, letters=True) if ascii_only else text


def _in_json(text: str) -> bytes:
    return orjson.dumps(text)[1:-1]


def _rare_limit(frequency: NDArray[np.int64], tokens: NDArray[np.float64]) -> int:
    """Return how often a word may be seen and be rare: rare tokens must be enough to invent all words wanted.

    ``tokens[n]`` is the number of tokens whose word is seen n times and may be invented.
    """
    for limit in range(1, MOST_RARE):
        if (1 - COPIES) * tokens[: limit + 1].sum() >= 1.5 * _wanted(frequency, limit):
            return limit
    return MOST_RARE


def _wanted(frequency: NDArray[np.int64], limit: int) -> float:
    """Return how many words to invent, that a made feed as large as the base may have as many different ones.

    Copies bring no words of their own; that the base itself has copies is neglected.
    """
    known = frequency[frequency > limit]
    return len(frequency) - float((1 - np.exp(-(1 - COPIES) * known)).sum())


def _invention(frequency: NDArray[np.int64], limit: int, half_words: int, draws: int) -> tuple[float, float]:
    """Return (q, s) such that `draws` tokens hold as many different invented words as are wanted."""
    wanted = _wanted(frequency, limit)
    heaps = float(np.clip(np.log2(len(frequency) / max(1, half_words)), 0.3, 0.9))
    s = 1 / heaps - 1
    low, high = 1.0, 1e9
    for _ in range(60):
        q = (low * high) ** 0.5
        low, high = (q, high) if _distinct((1 - COPIES) * draws, q, s) < wanted else (low, q)
    return q, s


def _distinct(draws: float, q: float, s: float) -> float:
    """Expected number of different ranks among so many draws."""
    edges = np.concatenate(([0.0], np.logspace(0, 12, 2_000)))
    within = (1 + edges[:-1] / q) ** -s - (1 + edges[1:] / q) ** -s
    width = np.diff(edges)
    return float((width * -np.expm1(-draws * within / width)).sum())
