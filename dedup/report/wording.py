"""Words and numbers for people: lags, spans, counts, and feed text made safe to print.

A headline is a stranger's text. Printed as it stands it could recolour the
terminal, move the cursor, or turn the rest of the line around, so everything
that acts instead of being seen is taken out here, once.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from rich.cells import cell_len, set_cell_size

# Escape sequences go with their parameters, where they end within the text; left-over control characters
# become a space. UTF-8 that was read as Latin-1 is full of C1 controls ("â\x80\x9d" for a closing quote), so
# one of those begins a sequence only where the parameters of one follow.
_ESCAPES = re.compile(
    r"(?:\x1b\]|\x9d(?=\d{1,4};))[^\x07\x1b\x9c]{0,2000}(?:\x07|\x1b\\|\x9c)"  # OSC: titles, links, clipboard
    r"|\x1b[PX^_][^\x1b\x9c]{0,2000}(?:\x1b\\|\x9c)"  # DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b(?=[\d;?]))[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]?"
)
_INVISIBLE = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\s]+")

_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_MARK: Final = "\u200e"  # left-to-right mark

_STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def printable(text: str | None) -> str:
    """Return `text` as one line that can do nothing but be seen.

    Escape sequences, control characters and bidirectional overrides are taken out, white space becomes single
    spaces. Joiners (U+200C, U+200D) stay: Persian, Hindi and emoji need them.

    Examples
    --------
    >>> printable("\\x1b[31mRed\\x1b[0m \\u202eeurt\\n")
    'Red eurt'
    """
    if not text:
        return ""
    if text.isascii() and text.isprintable():  # nearly always, and 30 times faster
        return " ".join(text.split())
    return _CONTROLS.sub(" ", _INVISIBLE.sub("", _ESCAPES.sub("", text))).strip()


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` padded or cut (with an ellipsis) to exactly `width` cells of the terminal.

    Text written from right to left stands between marks (U+200E, of no width): else a terminal that turns
    it round would turn the columns beside it too.
    """
    length = len(text) if text.isascii() else cell_len(text)
    padding = ""
    if length > width:
        if width <= 0:
            return ""
        text = set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)
    else:
        padding = " " * (width - length)
    text = marked(text)
    return padding + text if right else text + padding


def marked(text: str) -> str:
    """Return `text` between marks of direction if any of it is written from right to left."""
    if text.isascii() or not _RIGHT_TO_LEFT.search(text):
        return text
    return f"{_MARK}{text}{_MARK}"


def duration(seconds: float) -> str:
    """Return a length of time in its two greatest units: ``2 h 14 min``, ``3 d 4 h``, ``45 s``."""
    left = round(abs(seconds))
    for position, (size, unit) in enumerate(_STEPS):
        if left >= size:
            whole, rest = divmod(left, size)
            if position + 1 < len(_STEPS):
                smaller, smaller_unit = _STEPS[position + 1]
                if rest // smaller and unit != "min":
                    return f"{whole} {unit} {rest // smaller} {smaller_unit}"
            return f"{whole} {unit}"
    return "0 s"


def lag(seconds: int | None, *, first: bool, days: bool = False) -> str:
    """Return the lag of a member after the canonical article.

    ``first`` for that article itself; ``same time``, ``+2 h 14 min``; ``-5 min`` where dates of unlike
    precision made a later one canonical; ``no date`` when it is not known. `days`: the dates are good to
    a day only.
    """
    if first:
        return "first"
    if seconds is None:
        return "no date"
    if seconds == 0:
        return "same day" if days else "same time"
    return f"{'+' if seconds > 0 else '-'}{duration(seconds)}"


def moment(when: datetime | None) -> str:
    """Return a time in UTC to the minute, or to the day if it is midnight; empty when there is none."""
    if when is None:
        return ""
    return when.astimezone(UTC).strftime("%Y-%m-%d" if is_midnight(when) else "%Y-%m-%d %H:%M")


def is_midnight(when: datetime) -> bool:
    """Whether a time is a day's first moment in UTC: what a feed gives that knows the day alone."""
    return when.timestamp() % 86_400 == 0


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 article`` or ``1,250 articles``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(part: float, whole: float) -> str:
    """Return ``51 %``; never 0 or 100 for what is only nearly so."""
    if not whole:
        return "0 %"
    share = 100 * part / whole
    if 0 < share < 1:
        return "< 1 %"
    if 99 < share < 100:
        return "> 99 %"
    return f"{round(share)} %"


def same_headline(one: str, other: str) -> bool:
    """Whether two printable headlines differ in case and white space at most."""
    return one.casefold() == other.casefold()
