"""Bylines in the text: "By Jane Doe, Associated Press", "Reuters Staff", a name alone under the headline.

The same words sign pictures, so a name far down the page, next to a slash or to the word "photo" is none.
"""

from __future__ import annotations

import re
from typing import Final

from dedup.text.credit.context import PICTURE_AFTER, TITLED, Found, Hit, of_a_picture, proper
from dedup.text.credit.names import FULL, WEAK

BY: Final = ("By", "BY", "by", "Author", "AUTHOR", "From", "Par", "Por", "Von")
_BY: Final = re.compile(
    r"(?:^|[|•·—–.,>]\s{0,3}|\s{2}|\d\s)(?P<by>(?:Written |Story )?"
    rf"\b(?:{'|'.join(BY)})\b[\s:–-]{{0,40}})(?P<who>[^|•·\n]{{0,120}})\Z"
)
_BYLINE_END: Final = re.compile(
    r"\s*(?:$|\n|&nbsp|[|•·—–,&-]|(?:Updated|Published|Posted|on|and)\b|\w{3,6}day\b|[A-Z][a-z]{2,8}\.?\s\d{1,2}\b|\d)"
)
_LINE_END: Final = re.compile(r"[ \t\xa0.]*(?:$|\n)")
_ALONE_END: Final = re.compile(
    r"[ \t\xa0]*(?:[|•·,—–-][ \t\xa0]*)?"
    r"(?:$|\n|(?:Updated|Published|Posted)\b|\w{3,6}day,\s|[A-Z][a-z]{2,8}\.?\s\d{1,2}\b|\d)"
)
_DATED_NEXT: Final = re.compile(
    r"[\s|•·,–—-]{0,6}(?:(?i:published|posted|updated|share|save|email|print)\b|[A-Z][a-z]{2,8}\.?\s\d{1,2},|"
    r"\w{3,6}day,\s|\d{1,2}[:./ ]\w)"
)
_STAMP: Final = re.compile(r"^[a-z ]{0,15}\b(?:now|\d{1,2} \w{3,7} ago)\s\Z")  # "news 9 hours ago The ..."


def _looks_like_byline(hit: Hit) -> bool:
    """Tell a name under the headline from one under a picture, in a table or in a torn sentence."""
    before = hit.prior[: len(hit.prior) - len(hit.lead)].rstrip()[-1:]  # ends the line before
    if hit.long:  # a full name may follow the lines a page begins with, and the credit of a picture
        return not before or before not in '.!?”"'
    return _DATED_NEXT.match(hit.rest) is not None or (hit.start <= 300 and before not in '.!?)”"')


def byline(hit: Hit) -> Found | None:
    """Find the agency among the authors, or alone where authors stand. At the start of the text only."""
    if not hit.head or of_a_picture(hit) or PICTURE_AFTER.match(hit.rest):
        return None
    base = hit.start - len(hit.lead)
    title = TITLED.match(hit.rest)
    end = hit.end + (title.end() if title else 0)
    closed = _BYLINE_END.match(hit.text[end : end + 30]) is not None
    lead = re.sub(r"(?i:the)\s{1,2}$", "", hit.lead)
    if lead.rstrip()[-1:] == "/":  # "JANE DOE/THE ASSOCIATED PRESS" signs a picture
        return None
    by = _BY.search(lead)
    ends_line = _LINE_END.match(hit.text[end : end + 4]) is not None
    if by and closed and (ends_line or (by["by"][0].isupper() and not by["by"].startswith("From"))):
        who = [word for word in re.split(r"[\s,]+", by["who"]) if word]
        start = base + by.start("by")
        if not who:
            return ("byline", "hint" if hit.strength == WEAK else "sure", start, end)
        parted = lead.rstrip()[-1:] in ",|—–-&" or who[-1] == "and"
        if len(who) <= 14 and proper(who) and (parted or title or hit.strength == FULL):
            return ("byline", "hint" if hit.strength == WEAK else "sure", start, end)
        return None
    if hit.strength == WEAK:
        return None
    words = [word for word in re.split(r"[\s,|•·—–&]+", lead.strip(" -–—(|*/·•")) if word]
    alone = not words or _STAMP.match(lead)
    ends = _ALONE_END.match(hit.text[end : end + 30])
    if alone and ends and (title or _looks_like_byline(hit)):
        start = base + len(hit.lead) - len(hit.lead.lstrip())
        return ("byline", "sure" if title else "likely" if hit.long else "hint", start, end)
    # "Jane Doe, Associated Press" on a line of its own. Of single-word names this is how pictures are signed.
    if words and ends and 2 <= len(words) <= 10 and proper(words) and (hit.long or title):
        parted = lead.rstrip()[-1:] in ",|•·—–-" or words[-1] == "and" or lead.upper() == lead
        parted = parted or not hit.lead[-1].isspace()  # "Jane DoeAssociated Press", glued by extraction
        if parted:
            return "byline", "sure" if title else "likely", base, end
    return None
