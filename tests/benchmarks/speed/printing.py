"""Compiled: tell stories by walking the chain, and print each article as a line of JSON.

Every story has random numbers of its own (splitmix64, seeded by the feed's seed and the story), and so has
every article: a story can be told again wherever a copy of it stands, and no copy depends on another.
Where a token is scarce its successor is drawn from all tokens now and then (once in n + 1 for a token seen n
times): else texts with a rare word in common would go on alike for a while.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ROOM = 512
"""Most bytes that one printed token takes."""

OWN_WORDS = 60
"""Tokens of the paragraph that an outlet adds of its own."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_LETTERS = np.frombuffer(b"bcdfghklmnprstvz", np.uint8)
_VOWELS = np.frombuffer(b"aeiou", np.uint8)
_WORDS = 80**4
_SPREAD = 15_485_863  # prime: neighbours in rank are not neighbours in spelling
_CHANGED_MOST = 0.06


@njit(cache=True, nogil=True, inline="always")
def _next(state):  # type: ignore[no-untyped-def]
    """Next state of splitmix64 and its number."""
    state = state + _STEP
    z = state
    z = (z ^ (z >> np.uint64(30))) * _M1
    z = (z ^ (z >> np.uint64(27))) * _M2
    return state, z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def _below(number, n):  # type: ignore[no-untyped-def]
    """Draw from range(n), n < 2**31, by the upper bits of a random number."""
    return np.int64(((number >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@njit(cache=True, nogil=True, inline="always")
def _unit(number):  # type: ignore[no-untyped-def]
    """Draw from (0, 1]."""
    return (np.float64(number >> np.uint64(11)) + 1.0) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True)
def seeded(seed, number):  # type: ignore[no-untyped-def]
    """Return the state of a generator of its own."""
    return _next(np.uint64(seed) * _M1 + np.uint64(number) * _M2)[1]


@njit(cache=True, nogil=True)
def walk(state, token, starts, successors, first_rare, q, s, types, ranks):  # type: ignore[no-untyped-def]
    """Fill `types` from `token` on, and `ranks` with the rank of each invented word; return the state."""
    for i in range(len(types)):
        types[i] = token
        ranks[i] = 0
        if token >= first_rare:
            state, z = _next(state)
            ranks[i] = np.int64(min(q * (_unit(z) ** (-1.0 / s) - 1.0), 2e9))
        low = starts[token]
        n = starts[token + 1] - low
        state, z = _next(state)
        if n < 4096 and _below(z << np.uint64(32), n + 1) == n:
            token = successors[_below(z, len(successors))]
        else:
            token = successors[low + _below(z, n)]
    return state


@njit(cache=True, nogil=True)
def tell(seed, stories, chain, first_rare, invention, offsets, types, ranks):  # type: ignore[no-untyped-def]
    """Tell stories one after the other: story i has the tokens ``offsets[i]:offsets[i + 1]``."""
    starts, successors, firsts, _ = chain
    for i in range(len(stories)):
        state, z = _next(seeded(seed, stories[i]))
        token = firsts[_below(z, len(firsts))]
        low, high = offsets[i], offsets[i + 1]
        walk(
            state, token, starts, successors, first_rare, invention[0], invention[1],
            types[low:high], ranks[low:high],
        )  # fmt: skip


@njit(cache=True, nogil=True, inline="always")
def _put(out, end, letters, low, high):  # type: ignore[no-untyped-def]
    for i in range(low, high):
        out[end + i - low] = letters[i]
    return end + high - low


@njit(cache=True, nogil=True)
def _put_invented(out, end, rank, capital):  # type: ignore[no-untyped-def]
    spelling = ((rank + 1) * _SPREAD) % _WORDS
    for i in range(4):
        syllable = spelling % 80
        spelling //= 80
        letter = _LETTERS[syllable // 5]
        out[end] = letter - 32 if capital and i == 0 else letter
        out[end + 1] = _VOWELS[syllable % 5]
        end += 2
    return end


@njit(cache=True, nogil=True)
def _put_tokens(out, end, types, ranks, letters, places, first_rare, upper):  # type: ignore[no-untyped-def]
    """Print tokens; the last one without the white space behind it."""
    n = len(types)
    for i in range(n):
        token = types[i]
        last = places[token, 3] if i == n - 1 else places[token, 4]
        if token < first_rare:
            end = _put(out, end, letters, places[token, 0], last)
        else:
            end = _put(out, end, letters, places[token, 0], places[token, 1])
            end = _put_invented(out, end, ranks[i], upper[token])
            end = _put(out, end, letters, places[token, 2], last)
    return end


@njit(cache=True, nogil=True)
def print_articles(
    seed, first, numbers, relation, outlet, told, headline, told_offsets, types, ranks,
    title_offsets, title_types, title_ranks, chain, vocabulary, invention, plain, heads, head_offsets,
    frames, frame_offsets, out, ends,
):  # fmt: skip  # type: ignore[no-untyped-def]
    """Print articles from `first` on until `out` is full; return the first that is not printed.

    Article i is number ``numbers[i]`` of the feed; it tells ``told[i]`` of the told stories under
    ``headline[i]`` of the told titles, in an outlet that prints plain ASCII or not. ``heads`` are the
    beginnings of the lines up to the title, ``frames`` what the outlets print above and below. ``ends[i]``
    becomes the end of its line in `out`.
    """
    starts, successors, _, _ = chain
    letters, places, first_rare, upper, breaks = vocabulary
    own_types, own_ranks = np.empty(OWN_WORDS, np.int32), np.empty(OWN_WORDS, np.int64)
    longest = 0
    for i in range(len(told_offsets) - 1):
        longest = max(longest, told_offsets[i + 1] - told_offsets[i])
    new_types, new_ranks = np.empty(longest, np.int32), np.empty(longest, np.int64)
    end = 0
    for i in range(first, len(numbers)):
        low, high = told_offsets[told[i]], told_offsets[told[i] + 1]
        a, b = title_offsets[headline[i]], title_offsets[headline[i] + 1]
        if end + (high - low + b - a + OWN_WORDS + 100) * ROOM > len(out):
            return i
        state = seeded(seed ^ 0x5DEECE66D, numbers[i])
        look = places[1 if plain[outlet[i]] else 0]
        end = _put(out, end, heads, head_offsets[i], head_offsets[i + 1])
        end = _put_tokens(out, end, title_types[a:b], title_ranks[a:b], letters, look, first_rare, upper)
        end = _put(out, end, _TEXT, 0, len(_TEXT))
        end = _put(out, end, frames, frame_offsets[2 * outlet[i]], frame_offsets[2 * outlet[i] + 1])
        n = high - low
        for k in range(n):
            new_types[k] = types[low + k]
            new_ranks[k] = ranks[low + k]
        if relation[i] == 2:
            state, z = _next(state)
            state, y = _next(state)
            if _below(z, 10) < 7:  # the end is missing
                n = _paragraph(new_types, breaks, max(1, np.int64(n * (0.3 + 0.6 * _unit(y)))), n)
            else:  # a fifth is missing
                gap = n // 5
                a = _paragraph(new_types, breaks, max(1, _below(y, n - gap)), n)
                for k in range(a, n - gap):
                    new_types[k] = new_types[k + gap]
                    new_ranks[k] = new_ranks[k + gap]
                n = max(1, n - gap, a)
        elif relation[i] == 3:
            state, z = _next(state)
            rate = 0.01 + (_CHANGED_MOST - 0.01) * _unit(z)
            for k in range(n):
                state, z = _next(state)
                if _unit(z) < rate:
                    state, z = _next(state)
                    token = successors[_below(z, len(successors))]
                    if token < first_rare and not breaks[token]:
                        new_types[k] = token
        end = _put_tokens(out, end, new_types[:n], new_ranks[:n], letters, look, first_rare, upper)
        if relation[i] == 4:
            end = _put(out, end, _BREAK, 0, len(_BREAK))
            state, z = _next(state)
            token = successors[_below(z, len(successors))]
            walk(
                state, token, starts, successors, first_rare, invention[0], invention[1], own_types, own_ranks
            )
            end = _put_tokens(out, end, own_types, own_ranks, letters, look, first_rare, upper)
        end = _put(out, end, frames, frame_offsets[2 * outlet[i] + 1], frame_offsets[2 * outlet[i] + 2])
        end = _put(out, end, _END, 0, len(_END))
        ends[i] = end
    return len(numbers)


_TEXT = np.frombuffer(b'","text":"', np.uint8)
_BREAK = np.frombuffer(rb"\n\n", np.uint8)
_END = np.frombuffer(b'"}\n', np.uint8)


@njit(cache=True, nogil=True)
def _paragraph(types, breaks, n, most):  # type: ignore[no-untyped-def]
    """Number of tokens up to the end of the line that the n-th stands in, if it ends soon."""
    for k in range(n, min(n + 80, most)):
        if breaks[types[k - 1]]:
            return k
    return n
