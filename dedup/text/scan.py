"""The kernel of the tokenizer: from UTF-8 bytes to word hashes and flags, compiled.

Nothing here knows Arrow or files; `dedup.text.words` is the way in. Two loops
do the work: `_ascii_words` takes plain ASCII words and separators, nearly all
of English, and `scan` everything else, one code point at a time.

The word hash, fixed for ever under `dedup.text.fold.FORMAT`, runs over the
folded code points c of a word: ``h = (rotl(h, 31) ^ c) * K``, from a fixed
start, then the 64-bit finalizer of MurmurHash3 (Appleby). Each step is a
bijection of h, so words of one length that differ in one place never collide;
the finalizer spreads the difference over all bits, of which shingles keep 32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit

from dedup.text import fold

NUMBER: Final = 1  # holds a digit
UPPER: Final = 2  # its first code point is upper- or title-case in the text
SPACELESS: Final = 4  # one character of a script without spaces
LINE_START: Final = 8  # first word of the text or after a newline
SENTENCE_START: Final = 16  # first word after . ! ? 。 and the like, or of a line
SHORT: Final = 32  # at most three folded code points, a Hangul syllable counting two

STEM: Final = 5
"""Folded code points of a word's stem, its beginning: "recalls" and "recalled", "Syria" and "Syrian" share
one. Cutting at five letters is the language-independent stemmer of McNamee & Mayfield (2004)."""


_LAST_SEPARATOR: Final = 3  # of the codes of `fold.ascii_shortcut`
_LAST_DIGIT: Final = 57
_OTHER: Final = 255
_ONE: Final = np.uint64(1)
_TWO: Final = np.uint64(2)
_compiled: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = njit(cache=True, nogil=True)

# Numba takes globals as constants of their type, so they are named once more as what the kernel computes in.
_SEED: Final = np.uint64(0x9E3779B97F4A7C15)
_STEP: Final = np.uint64(0xD6E8FEB86659FD93)
_MIX1: Final = np.uint64(0xFF51AFD7ED558CCD)
_MIX2: Final = np.uint64(0xC4CEB9FE1A85EC53)
_R31: Final = np.uint64(31)
_R33: Final = np.uint64(33)


@_compiled
def _finish(h):  # type: ignore[no-untyped-def]
    """MurmurHash3's fmix64."""
    h = (h ^ (h >> _R33)) * _MIX1
    h = (h ^ (h >> _R33)) * _MIX2
    return h ^ (h >> _R33)


@_compiled
def _step(h, code_point):  # type: ignore[no-untyped-def]
    """Take one folded code point into a word's hash."""
    return (((h << _R31) | (h >> _R33)) ^ np.uint64(code_point)) * _STEP


@_compiled
def _decode(data, i, end):  # type: ignore[no-untyped-def]
    """Code point at byte i and its length; (0, 1) where the bytes are no valid UTF-8 (Unicode table 3-7)."""
    b = np.int64(data[i])
    if b < 0x80:
        return b, 1
    if b < 0xC2 or b > 0xF4:
        return 0, 1
    size = 2 if b < 0xE0 else (3 if b < 0xF0 else 4)
    if i + size > end:
        return 0, 1
    cp = b & (0x7F >> size)
    for k in range(1, size):
        c = np.int64(data[i + k])
        if c & 0xC0 != 0x80:
            return 0, 1
        cp = cp << 6 | c & 0x3F
    if size == 3 and (cp < 0x800 or 0xD800 <= cp <= 0xDFFF):
        return 0, 1
    if size == 4 and (cp < 0x10000 or cp > 0x10FFFF):
        return 0, 1
    return cp, size


@_compiled
def _entry(cp, stage1, stage2):  # type: ignore[no-untyped-def]
    """Table entry of a code point."""
    return np.int64(stage2[(np.int64(stage1[cp >> fold.BLOCK_SHIFT]) << fold.BLOCK_SHIFT) + (cp & 127)])


@_compiled
def _joins(kind, base, data, i, end, stage1, stage2, pool):  # type: ignore[no-untyped-def]
    """Whether punctuation of `kind` vanishes: after `base`, before the code point at byte i."""
    if i >= end or base < fold.STRIPPED or base == fold.SPACELESS:
        return False
    cp, _ = _decode(data, i, end)
    entry = _entry(cp, stage1, stage2)
    if entry & fold.KIND_MASK == fold.SEQUENCE:
        entry = np.int64(pool[entry >> (fold.VALUE_SHIFT + fold.LENGTH_BITS)])
    following = entry & fold.KIND_MASK
    if kind == fold.APOSTROPHE:
        return base != fold.DIGIT and (following == fold.STRIPPED or following == fold.KEPT)
    return base == fold.DIGIT and following == fold.DIGIT


@_compiled
def _compose(cp, i, data, end):  # type: ignore[no-untyped-def]
    """Join conjoining jamo from byte i on to one Hangul syllable (Unicode 3.12); cp ends before byte i."""
    if 0x1100 <= cp <= 0x1112:
        if i >= end:
            return cp, i
        vowel, size = _decode(data, i, end)
        if not 0x1161 <= vowel <= 0x1175:
            return cp, i
        cp = 0xAC00 + ((cp - 0x1100) * 21 + vowel - 0x1161) * 28
        i += size
    if 0xAC00 <= cp <= 0xD7A3 and (cp - 0xAC00) % 28 == 0 and i < end:
        final, size = _decode(data, i, end)
        if 0x11A8 <= final <= 0x11C2:
            return cp + final - 0x11A7, i + size
    return cp, i


@_compiled
def _ascii_stem(data, start, plain):  # type: ignore[no-untyped-def]
    """Hash, not finished, of the first `STEM` letters of an ASCII word; apostrophes do not count."""
    h = _SEED
    i = start
    for _ in range(STEM):
        while plain[data[i]] == 0:
            i += 1
        h = _step(h, plain[data[i]])
        i += 1
    return h


@_compiled
def _mark(data, i, end, marks):  # type: ignore[no-untyped-def]
    """Kind and length of an apostrophe or of general punctuation (U+2000 to U+203F) at byte i."""
    if data[i] == 0x27:
        return np.uint8(fold.APOSTROPHE), np.uint64(1)
    if (
        data[i] == 0xE2
        and i + np.uint64(2) < end
        and data[i + _ONE] == 0x80
        and data[i + _TWO] & 0xC0 == 0x80
    ):
        return marks[data[i + _TWO] & 63], np.uint64(3)
    return np.uint8(_OTHER), np.uint64(0)


@_compiled
def _ascii_words(  # type: ignore[no-untyped-def]
    data, at, stop_at, plain, marks, first, pending, n, hashes, flags, starts, stops, stems
):
    """Take ASCII words and what stands between them from byte `at` on: nearly all of English.

    Stops at the first byte that depends on others, often in the middle of a
    word, and hands over the open word: (i, n, pending, hash, length, flags,
    base, start). i is -1 when `hashes` is full. Places are unsigned: a signed
    one would be checked for counting from the end, at every byte.
    """
    capacity = len(hashes)
    spans = len(starts) > 0
    stemmed = len(stems) > 0
    i = np.uint64(at)
    end = np.uint64(stop_at)
    while i < end:
        byte = data[i]
        code = plain[byte]
        if code <= _LAST_SEPARATOR:
            if code == 0:
                # Where no word is open, commas, points and apostrophes part words whatever follows.
                kind, size = _mark(data, i, end, marks)
                if byte == 0x2C or byte == 0x2E:
                    size = _ONE
                    pending |= SENTENCE_START if byte == 0x2E else 0
                elif kind != fold.SEPARATOR and kind != fold.APOSTROPHE:
                    break
                i += size
                continue
            pending |= SENTENCE_START if code > 1 else 0
            pending |= LINE_START if code > 2 else 0
            i += _ONE
            continue
        start = i
        h = _SEED
        lowest = code
        last = code
        passed = np.uint64(0)  # bytes of apostrophes in the word
        size = np.uint64(0)  # of the mark that ends it
        word = pending | (UPPER if code != byte else 0)
        pending = 0
        while True:
            while code > _LAST_SEPARATOR:
                h = _step(h, code)
                last = code
                lowest = min(lowest, code)
                i += _ONE
                if i == end:
                    code = np.uint8(1)
                    break
                code = plain[data[i]]
            if code != 0:
                break
            kind, size = _mark(data, i, end, marks)
            if kind == fold.SEPARATOR:
                code = np.uint8(1)
                break
            if kind != fold.APOSTROPHE:
                size = np.uint64(0)
                break
            following = plain[data[i + size]] if i + size < end else np.uint8(1)
            if following == 0:
                size = np.uint64(0)
                break
            if following <= _LAST_DIGIT or last <= _LAST_DIGIT:
                code = np.uint8(1)
                break
            # An apostrophe between two letters vanishes.
            passed += size
            i += size
            size = np.uint64(0)
            code = following
        stop = i
        word |= NUMBER if lowest <= _LAST_DIGIT else 0
        length = stop - start - passed
        if code == 0:
            # A comma or point parts words, whatever stands before it, unless a digit follows.
            point = data[i] == 0x2E
            following = (
                plain[data[i + _ONE]] if (point or data[i] == 0x2C) and i + _ONE < end else np.uint8(0)
            )
            if following == 0 or 48 <= following <= _LAST_DIGIT:
                base = fold.DIGIT if last <= _LAST_DIGIT else fold.STRIPPED
                return np.int64(i), n, 0, h, np.int64(length), word, base, np.int64(start)
            pending = SENTENCE_START if point else 0
            size = _ONE
        i += size
        if n == capacity:
            return -1, n, 0, h, 0, 0, 0, 0
        hashes[n] = _finish(h)
        flags[n] = word | (SHORT if length <= 3 else 0)
        if spans:
            starts[n] = np.int64(start) - first
            stops[n] = np.int64(stop) - first
        if stemmed:
            stems[n] = hashes[n]
            if length > STEM and word & NUMBER == 0:
                stems[n] = _finish(_ascii_stem(data, np.int64(start), plain))
        n += 1
    return np.int64(i), n, pending, _SEED, 0, 0, 0, np.int64(i)


@_compiled
def scan(  # type: ignore[no-untyped-def]
    data, begins, ends, stage1, stage2, pool, plain, marks, hashes, flags, starts, stops, stems, counts
):
    """Write the words of all articles; returns their number, or -1 when `hashes` is too small.

    `starts` and `stops`, or `stems`, may be empty: then they are not wanted.
    """
    capacity = len(hashes)
    spans = len(starts) > 0
    stemmed = len(stems) > 0
    n = 0
    for article in range(len(begins)):
        first = begins[article]
        end = ends[article]
        n_before = n
        i = first
        h = _SEED
        stem = _SEED  # hash of the first `STEM` folded code points of the open word
        length = 0  # folded code points of the open word; 0: none is open
        base = 0  # kind of its last letter or digit
        word = 0  # its flags
        start = i
        stop = i
        pending = LINE_START | SENTENCE_START  # flags for the next word
        while i <= end:
            if i < end and length == 0 and plain[data[i]] != 0:
                i, n, pending, h, length, word, base, start = _ascii_words(
                    data, i, end, plain, marks, first, pending, n, hashes, flags, starts, stops, stems
                )
                if i < 0:
                    return -1
                stop = i
                stem = h if length <= STEM else _ascii_stem(data, start, plain)
            # One code point of any kind; past the last byte a separator closes the open word.
            here = i
            kind: Any = fold.SEPARATOR
            entry: Any = 0
            n_items: Any = 1
            item: Any = 0
            if i == end:
                i += 1
            else:
                cp, size = _decode(data, i, end)
                i += size
                if cp >= 0x1100:
                    cp, i = _compose(cp, i, data, end)
                entry = _entry(cp, stage1, stage2)
                kind = entry & fold.KIND_MASK
                item = (cp + (entry >> fold.VALUE_SHIFT)) & 0xFFFFFF
                if kind == fold.SEQUENCE:
                    n_items = (entry >> fold.VALUE_SHIFT) & ((1 << fold.LENGTH_BITS) - 1)
                elif fold.APOSTROPHE <= kind <= fold.POINT:
                    if length > 0 and _joins(kind, base, data, i, end, stage1, stage2, pool):
                        continue
                    kind = fold.SENTENCE if kind == fold.POINT else fold.SEPARATOR
            place = entry >> (fold.VALUE_SHIFT + fold.LENGTH_BITS)
            for k in range(n_items):
                if n_items > 1:
                    packed = np.int64(pool[place + k])
                    kind = packed & fold.KIND_MASK
                    item = packed >> fold.VALUE_SHIFT
                if kind == fold.IGNORED:
                    continue
                if kind == fold.MARK:
                    if length > 0:
                        stop = i
                        if base == fold.KEPT or base == fold.SPACELESS:
                            h = _step(h, item)
                            if length < STEM:
                                stem = h
                            length += 1
                    continue
                if length > 0 and (kind < fold.IGNORED or kind == fold.SPACELESS or base == fold.SPACELESS):
                    if n == capacity:
                        return -1
                    hashes[n] = _finish(h)
                    flags[n] = word | SHORT if length <= 3 else word
                    if spans:
                        starts[n] = start - first
                        stops[n] = stop - first
                    if stemmed:
                        stems[n] = hashes[n] if word & NUMBER else _finish(stem)
                    n += 1
                    length = 0
                if kind < fold.IGNORED:
                    if kind == fold.LINE:
                        pending |= LINE_START | SENTENCE_START
                    elif kind == fold.SENTENCE:
                        pending |= SENTENCE_START
                    continue
                if length == 0:
                    h = _SEED
                    word = pending
                    pending = 0
                    start = here
                    if entry & fold.UPPER_BIT:
                        word |= UPPER
                h = _step(h, item)
                if length < STEM:
                    stem = h
                length += 2 if 0xAC00 <= item <= 0xD7A3 else 1
                base = kind
                stop = i
                if kind == fold.SPACELESS:
                    word |= SPACELESS
                elif kind == fold.DIGIT:
                    word |= NUMBER
        counts[article] = n - n_before
    return n


@_compiled
def hash_sequences(hashes, offsets, out):  # type: ignore[no-untyped-def]
    """Write the hash of each article's sequence of words; 0 only for no words."""
    for article in range(len(offsets) - 1):
        h = np.uint64(0)
        for i in range(offsets[article], offsets[article + 1]):
            h = _step(h, hashes[i])
        h = _finish(h ^ np.uint64(offsets[article + 1] - offsets[article]))
        if h == 0 and offsets[article + 1] > offsets[article]:
            h = np.uint64(1)
        out[article] = h
