"""Which single-byte encoding a text in Latin letters is in, told by the alphabets of its possible languages.

The same byte is õ in Western, ő in Central European and ģ in Baltic files. Frequencies of letters hardly tell
these apart in a few hundred characters, but no language has all the letters that the wrong
reading makes: read as Western, Hungarian has õ of Portuguese beside ö of German. So an encoding is as
likely as the share of its non-ASCII characters that one language's alphabet, or common punctuation, covers.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

# Letters beyond a to z, as the orthographies have them; ¿ and º where only some languages use them.
_ALPHABETS: Final = {
    "Catalan": "àçèéíïòóúü",
    "Croatian, Slovene": "čćđšž",
    "Czech": "áčďéěíňóřšťúůýž",
    "Danish, Norwegian": "åæéøóòôê",
    "Dutch": "áèéêëíïóöúüç",
    "Estonian": "äõöüšž",
    "Finnish, Swedish": "åäöéàüšž",
    "French": "àâæçèéêëîïôœùûüÿ",
    "German": "äöüßé",
    "Hungarian": "áéíóöőúüű",
    "Icelandic": "áæéíóöúýðþ",
    "Italian": "àèéìíîòóùúº",
    "Latvian": "āčēģīķļņšūž",
    "Lithuanian": "ąčęėįšųūž",
    "Polish": "ąćęłńóśźż",
    "Portuguese": "áâãàçéêíóôõúüºª",
    "Romanian": "âăîşţ",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Spanish": "áéíñóúü¿¡ºª",
    "Turkish": "âçğıîöşûüİ",
}
_PUNCTUATION: Final = "“”‘’„‚–—…«»‹›•·°§€£©®™´\u00a0\u00ad"
# Western first: where two read a text alike, the first is taken, and it is the commonest.
_CODECS: Final = (
    *("cp1252", "iso8859-15", "cp1250", "iso8859-2", "cp1254", "cp1257", "iso8859-13"),
    *("mac-roman", "cp850", "cp852"),
)

_COVERED: Final = 0.95
# So many more covered characters than under any encoding that reads the text otherwise.
_LEAST_MARGIN: Final = 3
_MARGIN: Final = 0.02
# With fewer letters a name would decide.
_LEAST_LETTERS: Final = 12
_ODD_LETTERS: Final = 2
# m², km², m³ among ASCII are Western, whatever letters these bytes are elsewhere.
_UNITS: Final = re.compile(rb"(?<=[ckm\d ]m)[\xb2\xb3]")

_HIGH: Final = re.compile(rb"[\x80-\xff]")
_BESIDE_ASCII: Final = re.compile(rb"(?<=[A-Za-z])[\x80-\xff]|[\x80-\xff](?=[A-Za-z])")
_IN_WORDS: Final = 0.7


def latin_codec(sample: bytes) -> str | None:
    """Return the codec under which `sample` is best covered by one alphabet.

    Parameters
    ----------
    sample : bytes
        Text, not UTF-8.

    Returns
    -------
    str or None
        None where it is not in Latin letters, or no alphabet fits, or Western is as good as another;
        ``unknown`` where another is better, but not clearly.
    """
    sample = _UNITS.sub(b"", sample)
    high = Counter(_HIGH.findall(sample))
    total = high.total()
    # A word in Latin letters is never without a to z for long.
    if not total or len(_BESIDE_ASCII.findall(sample)) < _IN_WORDS * total:
        return None
    rated = []
    for codec in _CODECS:
        read = {byte: byte.decode(codec, "replace") for byte in high}
        rated.append((_covered(Counter({read[byte]: n for byte, n in high.items()})), codec, read))
    most, best, text = max(rated, key=lambda one: one[0])  # the first of equals
    others = max((covered for covered, _, read in rated if read != text), default=0)
    if most < _COVERED * total:
        return None
    if total >= _LEAST_LETTERS and most - others >= max(_LEAST_MARGIN, _MARGIN * total):
        return best
    # One name spelt like another language's is no reason to ask.
    even = best == _CODECS[0] or (total < _LEAST_LETTERS and most - rated[0][0] < _ODD_LETTERS)
    return None if even else "unknown"


def _covered(characters: Counter[str]) -> int:
    """Return how many characters are in the one alphabet that has most of them, or in any text."""
    common = sum(n for one, n in characters.items() if one in _PUNCTUATION)
    return common + max(
        sum(n for one, n in characters.items() if one.lower() in letters or one in letters)
        for letters in _ALPHABETS.values()
    )
