"""Datelines: "AMMAN (Reuters) -", "Beijing, March 4 (Xinhua) --", "(서울=연합뉴스)" and their relatives.

What stands in the brackets is an agency as often as a party, a photographer or a state. Telling them apart
takes all that is there: the place, a date, capitals, a dash, and whether the name is the initials of the
words before it.
"""

from __future__ import annotations

import re
from typing import Final

from dedup.text.credit.agencies import Tier
from dedup.text.credit.context import MONTH, PICTURE, Found, Hit, proper
from dedup.text.credit.names import WEAK

# What stands next to the name in every dateline; `dedup.text.credit.shapes` looks for these first.
BEFORE: Final = "([（【/="
AFTER: Final = ")]）】/,=-"
DASHES: Final = "-–—―−:_.&"

_DASH: Final = re.compile(r"[\s,]{0,3}(?:[-–—―−:_]{1,3}|\.\s?[-–—]|&#8212;|&mdash;)")
_OPEN: Final = re.compile(r"[(\[（【/]\s?(?P<with>[^()\[\]\n/=]{1,25}[/=]\s?)?\Z")
_OPEN_SPACED: Final = re.compile(r"[(\[（【][^()\[\]\n/=]{1,25}\s\Z")  # [ロンドン 4日 ロイター]
_CLOSE: Final = re.compile(r"\s?(?:[/,=-]\s?(?P<more>[^()\[\]\n]{1,25}?))?\s?[)\]）】/]")
_DAY: Final = re.compile(r"\d{1,2}月\d{1,2}日[^\s，。]{0,8}[电電]")
_DAY_BEFORE: Final = re.compile(r"\d,?\s?\Z")
# "(Jane Doe/Reuters)", "(Reuters/Jane Doe)": two capitalised words and no dash sign a picture, whatever date
# the caption has. A station is one word or in capitals: "(WXYZ/CNN)", "(News 12/CNN)".
_PHOTOGRAPHER: Final = re.compile(
    r"[^\W\d_][\w.'’-]*\s(?:[^\W\d_][\w.'’-]*\s){0,3}[^\W\d_][\w'’-]*[^\W\d_A-Z]\w*"
)
_BETWEEN: Final = re.compile(r"[\s\[\],()]+")
_SENTENCE: Final = re.compile(r"[ \xa0]?[^\W\d_]|[ \xa0][\"“‘']")
_CAPS_RUN: Final = re.compile(
    r"(?:^|[\s.)\]|])(?P<place>"
    r"[A-Z][A-Z.'’-]{2,20}(?:,? [A-Z][A-Z.'’-]{1,20}){0,3}(?:, [A-Z][\w. ]{1,20})?)\Z"
)
# "The Harbor Times (TNS)": a feature service names the paper it took the story from.
_PAPER: Final = re.compile(
    r"\b(?:Times|Tribune|Post|Herald|News|Inquirer|Star|Journal|Chronicle|Bee|Sun|Register|Dispatch|Globe)$"
)


def _is_expansion(words: list[str], name: str) -> bool:
    """Tell "Aam Aadmi Party (AAP)" from a dateline: the name is the initials of the words before it."""
    # Cheaper than cutting them up, and nearly always enough: there are fewer words than letters.
    if "-".join(words).count("-") + 1 < len(name):
        return False
    parts = [part for word in words for part in word.split("-") if part[:1].isupper()]
    return len(name) > 1 and "".join(part[0] for part in parts).endswith(name.upper())


def dateline(hit: Hit) -> Found | None:
    """PLACE, date (NAME) - and its relatives. At the start only: later ones open a neighbouring story."""
    if not hit.head:
        return None
    far_east = hit.text[hit.start] >= "\u2e80"
    if far_east and (day := _DAY.match(hit.rest.lstrip()[:40]) or _DAY.search(hit.rest[:24])):
        end = hit.text.index(day.group(), hit.end) + len(day.group())
        return "dateline", "sure", hit.start, end
    opened = _OPEN.search(hit.lead) or (_OPEN_SPACED.search(hit.lead) if far_east else None)
    close = _CLOSE.match(hit.rest) if opened else None
    bare = opened is None and hit.lead.rstrip().endswith(",")
    if not (opened and close) and not bare:
        return None
    paren = opened.start() if opened else len(hit.lead)
    after = close.end() if close else 0
    dash = _DASH.match(hit.rest, after)
    place = hit.lead[:paren].strip()
    place = place.lstrip("\"'“”*•>,–—-_. ").rstrip(", ")
    words = [word for word in _BETWEEN.split(place) if word]
    dated = any(map(str.isdigit, place)) and MONTH.search(place) is not None
    caps = place.upper() == place and len(place) > 2
    name = hit.text[hit.start : hit.end]
    if len(place) > 80 or len(words) > 10 or not proper(words) or _is_expansion(words, name):
        # The line began with something else (a caption, a date strip): a place in capitals may still end it.
        run = _CAPS_RUN.search(hit.lead[:paren].rstrip(" ,"))
        if run is None or dash is None or _is_expansion(run["place"].split(), name):
            return None
        place, caps, dated, words = run["place"], True, False, run["place"].split()
    partner = (opened and opened.groupdict().get("with")) or (close and close["more"]) or ""
    partner = partner.strip(" /=")
    if PICTURE.search(place) or PICTURE.search(partner):
        return None
    if dash is None and _PHOTOGRAPHER.fullmatch(partner):
        return None
    shared = opened is not None and "with" in opened.re.groupindex and bool(opened["with"])
    korean = shared and opened is not None and opened["with"].rstrip().endswith("=")
    if opened is not None and hit.lead[paren] == "/" and not dated:
        return None
    # "March 4, 2024, SPA --", but no "March 4 - ERIE, PA --", which is a state
    if bare and not (dash and (_DAY_BEFORE.search(hit.lead) or (caps and hit.strength != WEAK))):
        return None
    if hit.strength == WEAK and not (dated or (dash and caps)):
        return None
    following = hit.rest[after : after + 3]
    opens = _SENTENCE.match(following)
    same_line = opens is not None and not opens.group()[-1].islower()
    tier: Tier
    if dated or korean or (dash and (words or not shared)):
        tier = "likely" if shared and not korean else "sure"
    elif shared:
        return None
    elif same_line and len(words) <= 3:
        tier = "likely"  # a dash lost in extraction: "Lima (CNN) Rescue teams"
    elif words and not dash and (following.strip() == "" or following.startswith("\n")):
        tier = "likely" if caps or _PAPER.search(place) else "hint"  # "Jane Doe (AP)" is a caption
    else:
        return None
    start = hit.start - len(hit.lead) + (hit.lead.rindex(place, 0, paren) if place else paren)
    return "dateline", tier, start, hit.end + (dash.end() if dash else after)
