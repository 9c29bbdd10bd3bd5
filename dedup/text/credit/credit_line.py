"""Notes on the origin of a text: copyright lines, "With inputs from PTI", "Source: Xinhua", signatures.

Each rule reads a fixed wording on one side of the name or on both; agencies quoted as sources have none.
"""

from __future__ import annotations

import re
from typing import Final

from dedup.text.credit.agencies import Tier
from dedup.text.credit.context import PICTURE, PICTURE_AFTER, TITLED, Found, Hit, of_a_picture
from dedup.text.credit.names import WEAK

# What a note cannot do without; `dedup.text.credit.shapes` looks for these first. Small letters stand for
# both cases, a blank for any. Each pattern below has, before the name or after it, one of its literals.
COPYRIGHT_SIGNS: Final = ("copyright", "©", "(c)", "&copy;")
_MATTER: Final = "input inputs reporting material information file files report reports".split()  # noqa: SIM905
NOTE_BEFORE: Final = (
    *(f"{matter} {of} " for matter in _MATTER for of in ("from", "by", "of")),  # _INPUTS, _USED, _CONTAINS
    *(f"feed {of} " for of in ("from", "by", "of")),  # _FEED
    *(f"{done} {by} " for done in ("published", "appeared") for by in ("by", "on", "in", "at")),
    *("republished from ", "reprinted from "),
    *("generated ", "published "),  # _GENERATED
)
LABEL_BEFORE: Final = (
    *("contributing:", "follow "),
    *(f"{source}{colon}" for source in ("source", "sources", "fuente", "quelle") for colon in (":", " :")),
)
CONTRIBUTION_AFTER: Final = ("contributed",)
SENTENCE_ENDS: Final = '.!?"”’»)…]'  # _SIGNATURE
SIGNATURE_MARKS: Final = "-–—([/"

_COPY: Final = re.compile(
    r"(?:(?i:copyright|©|\(c\)|&copy;)[\s,:]{0,3}){1,2}(?P<year>(?:19|20)\d\d(?:\s?[-–]\s?(?:\d\d){1,2})?)?"
    r"[\s,.]{0,3}(?:by\s)?(?P<via>[\w .&-]{1,30}\svia\s)?(?:[Tt]he\s)?\Z"
)
_RIGHTS: Final = re.compile(
    r"(?:[\s.,]|Inc|L\.?P|Ltd){0,5}(?i:all rights reserved)|\s(?:19|20)\d\d\b(?!\s?/)"
)


def copyright_line(hit: Hit) -> Found | None:
    """Match "Copyright 2024 The Associated Press". It needs a year or "All rights reserved"."""
    found = _COPY.search(hit.prior)
    if found is None or re.match(r"\s?(?:(?:19|20)\d\d)?\s?/", hit.rest) or PICTURE_AFTER.match(hit.rest):
        return None
    # Pages set the rights in a picture far to the right of its caption.
    if PICTURE.search(" ".join(found.string[: found.start()].split())[-40:]):
        return None
    rights = _RIGHTS.match(hit.rest)
    if not found["year"] and not rights:
        return None
    tier: Tier = "sure" if found["year"] and not found["via"] else "likely"
    end = hit.end + (rights.end() if rights else 0)
    return "copyright", tier, hit.start - len(hit.prior) + found.start(), end


_INPUTS: Final = re.compile(
    r"(?:^|[(\[.!?—–*_|\n]\s{0,3})(?P<line>(?i:with)\s(?:\w{1,15}\s){0,2}(?i:(?P<inputs>inputs?)|reporting|material|"
    r"information|files?|reports?)\s(?:from|by|of)\s(?:[^.\n()]{0,60}\W)?)\Z"
)
_USED: Final = re.compile(r"(?P<line>\b(?i:material|information|reports?)\sfrom\s(?:[^.\n]{0,60}\W)?)\Z")
_CONTAINS: Final = re.compile(
    r"(?P<line>\bThis\s(?:report|story|article)\s(?:contains|includes)\s(?:material|reporting)\sfrom\s"
    r"(?:[^.\n]{0,60}\W)?)\Z"
)
_USED_AFTER: Final = re.compile(r"[^.\n]{0,80}\b(?:was|were)\s(?:also\s)?(?:used|included)\b")
# "News that first appeared in ..." is a quotation, "This article first appeared in ..." a credit.
_FEED: Final = re.compile(
    r"(?P<line>\b(?:(?i:syndicated|agency|news|wire)\s(?:news\s)?feed\s(?:of|from|by)|"
    r"This\s(?:article|story|piece|report|column|essay|post|commentary)\s(?:(?:was|is|has been)\s)?"
    r"(?:(?:originally|first)\s(?:published|appeared)\s(?:by|on|in|at)|(?:republished|reprinted)\sfrom)"
    r")\s(?:[Tt]he\s)?)\Z"
)
_GENERATED: Final = re.compile(
    r"(?P<line>\b(?:auto-?)?(?:generated|published)\s(?:\w{1,12}\s){0,2}(?:from|by|via)\s(?:an?\s|the\s)?)\Z"
)
_GENERATED_AFTER: Final = re.compile(r"\s(?:news\s)?(?:agency\s)?(?:service|wire|feed)\b")
_CONTRIBUTED: Final = re.compile(
    r"(?P<people>(?:['’]s|\s(?:[A-Z][\w-]{1,20}\s){0,3}(?:[Ww]riters?|[Rr]eporters?|[Jj]ournalists?|"
    r"[Cc]orrespondents?|[Ee]ditors?))\s[^\n]{2,200}?|[\w\s,’'&;-]{0,90}?)"
    r"\bcontributed(?:\s(?:to\s(?:this|the)\s(?:report|story|article|coverage)|reporting|from)|\s*(?:[.)]|$|\n))"
)
_CONTRIBUTING: Final = re.compile(r"(?P<line>\bContributing:[^\n]{0,140})\Z")
_FOLLOW: Final = re.compile(r"(?P<line>\bFollow\s(?:[Tt]he\s)?)\Z")
_SOURCE: Final = re.compile(
    r"(?P<line>\b(?:Source|SOURCE|Sources|Fuente|Quelle)\s?:\s{0,3}(?:[\w ]{1,20}[,&]\s?)?(?:[Tt]he\s)?)\Z"
)
_SOURCE_END: Final = re.compile(r"\s*(?:[).|,;&]|$|\n)")
_SIGNATURE: Final = re.compile(r"(?:^|[.!?\"”’»)…\]]\s{0,3})(?P<mark>[-–—(\[/]{0,2}\s?)\Z")
_SIGNATURE_END: Final = re.compile(r"(?P<mark>[)\]/]?)\.?(?P<codes>(?:\s[A-Z]{2,4}){0,5})[\s*.]*(?:$|\n)")


def source_note(hit: Hit) -> Found | None:
    """Match a note that the text, or a part of it, is from the agency: "With inputs from PTI"."""
    base = hit.start - len(hit.prior)
    if found := _INPUTS.search(hit.prior):
        stop = re.match(r"[^.\n)\]]{0,60}", hit.rest)
        end = hit.end + (stop.end() if stop else 0)
        return "credit-line", "likely" if found["inputs"] else "hint", base + found.start("line"), end
    if (found := _FEED.search(hit.prior)) and re.match(r"\s?[.,)\n]|$|\s(?:on|and|under|at)\b", hit.rest):
        return "credit-line", "sure", base + found.start("line"), hit.end
    if (found := _GENERATED.search(hit.prior)) and (after := _GENERATED_AFTER.match(hit.rest)):
        return "credit-line", "sure", base + found.start("line"), hit.end + after.end()
    if hit.strength == WEAK:
        return None
    if found := _CONTAINS.search(hit.prior):
        return "credit-line", "hint", base + found.start("line"), hit.end
    if (found := _USED.search(hit.prior)) and (after := _USED_AFTER.match(hit.rest)):
        return "credit-line", "hint", base + found.start("line"), hit.end + after.end()
    return None


def contribution(hit: Hit) -> Found | None:
    """Match "The Associated Press contributed to this report"."""
    if hit.strength == WEAK or not (hit.tail or hit.head):
        return None
    after = _CONTRIBUTED.match(hit.rest)
    if after is None:
        return None
    direct = after["people"].startswith(("'s", "’s")) or TITLED.match(after["people"])
    return "credit-line", "likely" if direct else "hint", hit.start, hit.end + len(after.group().rstrip())


def label(hit: Hit) -> Found | None:
    """Match "Contributing: ...", "Follow AP writer ...", "Source: Xinhua"."""
    base = hit.start - len(hit.prior)
    if hit.strength == WEAK:
        return None
    if hit.tail or hit.head:
        if found := _CONTRIBUTING.search(hit.prior):
            return "credit-line", "hint", base + found.start("line"), hit.end
        if (found := _FOLLOW.search(hit.prior)) and (after := TITLED.match(hit.rest)):
            return "credit-line", "likely", base + found.start("line"), hit.end + after.end()
    if (found := _SOURCE.search(hit.prior)) and _SOURCE_END.match(hit.rest) and not PICTURE.search(hit.lead):
        return "credit-line", "likely", base + found.start("line"), hit.end
    return None


def signature(hit: Hit) -> Found | None:
    """Match a name that closes the text: "(ANI)", "- PTI", "PTI ABC DEF" (the desk's initials)."""
    lead = hit.lead
    after = _SIGNATURE_END.match(hit.rest) if hit.tail else None
    found = _SIGNATURE.search(lead) if after else None
    if after is None or found is None or of_a_picture(hit):
        return None
    codes, marked = after["codes"].strip(), bool(found["mark"].strip())
    if not codes and (hit.strength == WEAK or not marked):
        return None
    # Before the very end a name in brackets signs an item of a press review or a picture: of seven such
    # among 38,000 texts none was a signature.
    last = hit.last and not hit.text[hit.end + after.end() :].strip()
    if not last and len(codes) < 6:
        return None
    start = hit.start - (len(lead) - found.start("mark"))
    end = hit.end + max(after.end("mark"), after.end("codes") if codes else 0)
    return "credit-line", "likely", start, end
