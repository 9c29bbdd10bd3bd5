"""What every credit of a rule must have about the name, asked of UTF-8 bytes: compiled, and a superset.

A bracket next to the name, "copyright" somewhere before it, "from" behind "inputs", nothing but names back to
"By": few agencies named in running text have any. The signs and words come from the modules of the rules.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

from dedup.text.credit import byline, credit_line, dateline
from dedup.text.credit.context import MONTHS, PARTICLES
from dedup.text.credit.literals import (
    SPACE,
    Literals,
    back,
    base_kinds,
    buckets_at,
    compiled,
    kind_at,
    labels_at,
    labels_in,
)
from dedup.text.scan import _decode

DATELINE, COPYRIGHT, BYLINE, NOTE, CONTRIBUTION, LABEL, SIGNATURE = 1, 2, 4, 8, 16, 32, 64
"""Bits that stand for the rules, in the order in which they are tried."""

ALL: Final = 127

_OPENS, _CLOSES, _DASH, _STOP, _MARK = 8, 16, 32, 64, 128  # more bits of kinds
_WHOLE, _PREFIX = 1, 2  # of `shorts`: a particle, the beginning of a month
_FAR_EAST: Final = 0x2E80  # scripts from here on have datelines without brackets


@cache
def context_tables() -> tuple[Any, ...]:
    """Tables for what stands around a name: of what the rules look for, the same for all agencies."""
    kinds = base_kinds().copy()
    marks = (
        (dateline.BEFORE, _OPENS),
        (dateline.AFTER, _CLOSES),
        (dateline.DASHES, _DASH),
        (credit_line.SENTENCE_ENDS, _STOP),
        (credit_line.SIGNATURE_MARKS, _MARK),
    )
    for signs, bit in marks:
        for sign in signs:
            kinds[ord(sign)] |= bit
    before = [(literal, COPYRIGHT) for literal in credit_line.COPYRIGHT_SIGNS]
    before += [(literal, NOTE) for literal in credit_line.NOTE_BEFORE]
    before += [(literal, LABEL) for literal in credit_line.LABEL_BEFORE]
    after = [(literal, CONTRIBUTION) for literal in credit_line.CONTRIBUTION_AFTER]
    by = [(literal, 1) for literal in (*byline.BY, "now", "ago")]
    shorts = np.zeros(1 << 15, np.uint8)
    for word, bit in [*((w, _WHOLE) for w in PARTICLES), *((w, _PREFIX) for w in MONTHS.split("|"))]:
        if word.isascii():  # a word with other letters passes anyway
            code = sum((ord(letter) & 31) << 5 * place for place, letter in enumerate(word[:3]))
            shorts[code] |= bit if len(word) <= 3 else _PREFIX
    return (
        Literals.of(before, fold=True).arrays,
        Literals.of(after, fold=True).arrays,
        Literals.of(by).arrays,
        shorts,
        kinds,
    )


@compiled
def _skip(data, i, high, n, kinds):  # type: ignore[no-untyped-def]
    """Byte after at most n blanks."""
    while n > 0 and i < high:
        kind, size = kind_at(data, i, high, kinds)
        if kind & SPACE == 0:
            break
        i += size
        n -= 1
    return i


@compiled
def _skip_back(data, i, low, n, bits, high, kinds):  # type: ignore[no-untyped-def]
    """Byte at which at most n code points of the given kinds before byte i begin."""
    while n > 0 and i > low:
        j = back(data, i, low)
        if kind_at(data, j, high, kinds)[0] & bits == 0:
            break
        i = j
        n -= 1
    return i


@compiled
def _may_be_dateline(data, line, s, e, stop, kinds):  # type: ignore[no-untyped-def]
    """A bracket before the name and one or a comma after it; or a comma before it and a dash after it."""
    if data[s] >= 0xE2 and _decode(data, s, stop)[0] >= _FAR_EAST:
        return True
    i = _skip_back(data, s, line, 2, SPACE, stop, kinds)
    j = _skip(data, e, stop, 2, kinds)
    if (
        i > line
        and j < stop
        and kind_at(data, back(data, i, line), stop, kinds)[0] & _OPENS != 0
        and kind_at(data, j, stop, kinds)[0] & _CLOSES != 0
    ):
        return True
    i = _skip_back(data, s, line, stop, SPACE, stop, kinds)
    if i == line or data[i - 1] != 0x2C:
        return False
    j = e
    for _ in range(3):
        if j < stop and data[j] == 0x2C:
            j += 1
        else:
            j = _skip(data, j, stop, 1, kinds)
    return j < stop and kind_at(data, j, stop, kinds)[0] & _DASH != 0


@compiled
def _letter(byte):  # type: ignore[no-untyped-def]
    return 97 <= byte | 0x20 <= 122


@compiled
def _may_stand_small(data, i, s, last, shorts):  # type: ignore[no-untyped-def]
    """Whether the word at byte i, in small letters, is of those that names, places and dates have."""
    code = 0
    k = i
    while k < s and _letter(data[k]):
        if k - i < 3:
            code |= (data[k] & 31) << 5 * (k - i)
        k += 1
    if k < s and data[k] >= 0x80:
        return True
    if k - i <= 3 and shorts[code] & _WHOLE:
        return True
    if k - i >= 3 and shorts[code] & _PREFIX:
        return True
    # "the" before the name is taken off, even from the end of a word.
    if not last or k - i < 3:
        return False
    return data[k - 3] | 32 == 116 and data[k - 2] | 32 == 104 and data[k - 1] | 32 == 101


@compiled
def _may_be_byline(data, line, s, e, stop, by, shorts, kinds):  # type: ignore[no-untyped-def]
    """Nothing but names back to "By" or the start of the line, and nothing that goes on with a sentence."""
    i = _skip(data, e, stop, 30, kinds)
    ended = False
    for k in range(e, i):
        ended |= data[k] == 0x0A
    if i < stop and data[i] < 0x80 and not ended:
        byte = data[i]
        if _letter(byte) and byte >= 97:
            k = i
            day = False
            while k < stop and _letter(data[k]):
                day |= k - i >= 2 and data[k - 2] == 100 and data[k - 1] == 97 and data[k] == 121
                k += 1
            other = k < stop and (data[k] >= 0x80 or data[k] == 0x5F or 48 <= data[k] <= 57)
            second = data[i + 1] if i + 1 < k else 0
            known = (  # on and writer staff
                (byte == 111 and second == 110)
                or (byte == 97 and second == 110)
                or (byte == 119 and second == 114)
                or (byte == 115 and second == 116)
            )
            if not (day or other or known):
                return False
        elif not (
            _letter(byte)
            or 48 <= byte <= 57
            or byte == 0x7C
            or byte == 0x2C
            or byte == 0x26
            or byte == 0x2D
            or byte == 0x5F
        ):
            return False
    masks = by[0]
    last = True
    i = s
    while i > line:
        i = back(data, i, line)
        if buckets_at(data, i, s, masks) and labels_at(data, i, s, by, kinds):
            return True
        if i > line:
            j = back(data, i, line)
            if data[j] != 0x2C and kind_at(data, j, s, kinds)[0] & SPACE == 0:
                continue
        if data[i] == 0x2C or kind_at(data, i, s, kinds)[0] & SPACE:
            continue
        if 97 <= data[i] <= 122 and not _may_stand_small(data, i, s, last, shorts):
            return False
        last = False
    return True


@compiled
def _may_be_signature(data, line, s, e, stop, kinds):  # type: ignore[no-untyped-def]
    """After the end of a sentence or at the start of a line; followed by capitals or nothing."""
    i = _skip_back(data, s, line, stop, SPACE | _MARK, stop, kinds)
    if i > line and kind_at(data, back(data, i, line), stop, kinds)[0] & _STOP == 0:
        return False
    i = e
    if i < stop and (data[i] == 0x29 or data[i] == 0x5D or data[i] == 0x2F):
        i += 1
    if i < stop and data[i] == 0x2E:
        i += 1
    j = _skip(data, i, stop, stop, kinds)
    for k in range(i, j):
        if data[k] == 0x0A:
            return True
    return j >= stop or 65 <= data[j] <= 90 or data[j] == 0x2A or data[j] == 0x2E


@compiled
def rules_about(  # type: ignore[no-untyped-def]
    data, s, e, first, stop, head, tail, before, after, by, shorts, kinds
):
    """Rules that may accept the name ``data[s:e]`` between the bytes `first` and `stop`."""
    line = s
    while line > first and data[line - 1] != 0x0A:
        line -= 1
    out = 0
    if head and _may_be_dateline(data, line, s, e, stop, kinds):
        out |= DATELINE
    if head and _may_be_byline(data, line, s, e, stop, by, shorts, kinds):
        out |= BYLINE
    if tail and _may_be_signature(data, line, s, e, stop, kinds):
        out |= SIGNATURE
    out |= labels_in(data, first, s, before, kinds)
    if head or tail:
        out |= labels_in(data, e, stop, after, kinds)
    return out
