"""Credits in the text and in the one-line fields that people fill in: byline, credit and title."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from dedup.text.credit.agencies import Agency, Tier
from dedup.text.credit.byline import byline
from dedup.text.credit.context import PICTURE, Hit
from dedup.text.credit.credit_line import contribution, copyright_line, label, signature, source_note
from dedup.text.credit.dateline import dateline
from dedup.text.credit.evidence import Credit, Kind, capped, make_credit
from dedup.text.credit.names import FULL, TAIL, WEAK, Table, find_names, windows

STYLE: Final = "diting by"
"""What every closing line of `Agency.reporting_style` holds."""

_REPORTING: Final = re.compile(
    r"\(?\b(?:Additional\s)?[Rr]eporting\s(?:and\swriting\s)?by\s[^;()\n]{3,200}"
    r"(?:;\s?[^;()\n]{3,120}){0,4};\s?(?:Writing\sby\s[^;()\n]{3,80};\s?)?[Ee]diting\sby\s[^;()\n]{2,80}\)?"
)
_RULES: Final = (dateline, copyright_line, byline, source_note, contribution, label, signature)
_ALL: Final = (1 << len(_RULES)) - 1


def in_text(text: str, table: Table) -> Iterator[Credit]:
    """Yield the credits of a text: names in a context, fixed wordings, and the closing line of reporters."""
    for name in find_names(text, table):
        yield from at_name(text, *name)
    yield from in_wordings(text, table.phrases)
    yield from in_closing(text, table)


def at_name(
    text: str, start: int, end: int, agency: Agency, strength: int, rules: int = _ALL
) -> list[Credit]:
    """Return the credit that a name is part of, if one of the rules (a bit each, see `shapes`) accepts it."""
    hit = Hit(text, start, end, strength)
    for bit, rule in enumerate(_RULES):
        found = rule(hit) if rules >> bit & 1 else None
        if found is not None:
            kind, tier, low, high = found
            return [make_credit(agency, capped(tier, agency), kind, text, low, high, "text")]
    return []


def in_wordings(text: str, phrases: Iterable[tuple[str, str, Agency, Tier]]) -> Iterator[Credit]:
    """Yield the first of each fixed wording in each window; see `Table.phrases`."""
    for low, high in windows(text):
        # Plain searches: no dearer than their alternation. Line ends become blanks, offsets stay.
        flat = text[low:high].replace("\n", " ").replace("\xa0", " ")
        for first, rest, agency, tier in phrases:
            at = flat.find(rest) - 1
            if at >= 0 and flat[at].casefold() == first:
                start, end = low + at, low + at + 1 + len(rest)
                yield make_credit(agency, tier, "credit-line", text, start, end, "text")


def in_closing(text: str, table: Table) -> Iterator[Credit]:
    """Yield the closing lines "Reporting by ...; Editing by ..."."""
    low = max(0, len(text) - TAIL)
    if table.style is not None and text.find(STYLE, low) >= 0:
        for match in _REPORTING.finditer(text, low):
            yield make_credit(table.style, "likely", "credit-line", text, *match.span(), "text")


_SEGMENT: Final = re.compile(r"(?:(?!\s(?:and|via|with|for)\s|\s[-–—]\s)[^|,;/•·()\[\]\"\n–—])+")
_WHOLE: Final = re.compile(r".+", re.DOTALL)
_LED: Final = re.compile(r"^(?:By|BY|by|Via|via|Source|Credit|From)\b[\s:]*")
_ROLE: Final = re.compile(
    r"\s(?:(?:[A-Z][\w-]{1,20}\s){0,3}(?:Writers?|Reporters?|Correspondents?|Editors?|Staff|Bureau|Desk|Team|Wire|"
    r"Newswire|News|Feed|Service)|news agency|staff|[Ww]ire [Ss]ervice)$"
)
_PARTS: Final = re.compile(r"[,;|]")
_JOINED: Final = re.compile(r"&|\b(?:[Aa]nd|[Bb]y|BY|[Yy]|[Ee]t|[Uu]nd)\b")
_CROWD: Final = 4
"""Parts from which a byline field without an "and" is no byline but the names found anywhere on a page: of
those in a feed of 37,554 articles that held an agency behind other names none of thirty read was right."""
FIELD_LIMIT: Final = 400  # no byline or credit line is longer; a field that is was filled by mistake


def in_line(line: str, table: Table, field: Literal["byline", "credit"]) -> Iterator[Credit]:
    """Yield those of a byline or credit field: names must fill a part ("Jane Doe, Associated Press")."""
    line = line[:FIELD_LIMIT]
    kind: Kind = "byline" if field == "byline" else "metadata"
    if PICTURE.search(line):
        return
    crowd = field == "byline" and len(_PARTS.split(line)) >= _CROWD and not _JOINED.search(line)
    # A name may hold what parts segments: "RFE/RL".
    undivided = " ".join(line.split()) in table.names
    for segment in _WHOLE.finditer(line) if undivided else _SEGMENT.finditer(line):
        part = segment.group().strip(" -")
        before = line[: segment.start()].strip(" [\"'")
        in_crowd = crowd and (not before or before.upper() != before)  # "JANE DOE, ELI ROE, SAM POE, AP"
        if in_crowd and before:
            break
        low = segment.start() + segment.group().index(part)
        high = low + len(part)
        known = _named(part, table)
        if known is not None:
            agency, strength, exact, bare = known
            whole = part == line.strip()
            if strength == WEAK and not whole and field == "byline" and " " not in bare:
                continue
            tier: Tier = "hint" if in_crowd else "sure" if exact and strength != WEAK else "likely"
            yield make_credit(agency, capped(tier, agency), kind, line, low, high, field)
        else:
            for _, end, named, strength in find_names(part, table):
                if strength == FULL and not part[end:].strip(". "):
                    yield make_credit(named, capped("likely", named), kind, line, low, high, field)
    for credit in in_text(line, table):
        if credit.kind in ("credit-line", "copyright"):
            yield Credit(credit.agency, credit.tier, kind, credit.start, credit.end, field, credit.evidence)


def _named(part: str, table: Table) -> tuple[Agency, int, bool, str] | None:
    """Return the agency that a part is the name of, the strength, whether in its case, and the bare name."""
    led = _LED.sub("", part)
    for bare in (led, re.sub(r"^[Tt]he\s", "", led)):
        bare = _ROLE.sub("", bare) if bare not in table.names else bare
        words = bare.split()
        if len(words) > 1 and len({word.casefold() for word in words}) == 1:
            words = words[:1]  # "Afp Afp": first and last name of an author that is none
        bare = " ".join(words)
        if exact := table.names.get(bare):
            return *exact, True, bare
        if known := table.folded.get(bare.casefold()):
            return *known, False, bare
    return None


_TITLE_END: Final = re.compile(r"\s(?P<mark>[|–—-])\s(?:The\s)?\Z")


def in_title(title: str, table: Table) -> Iterator[Credit]:
    """Yield a name after the last bar or dash: the site's own suffix, or the attribution of a claim."""
    for start, end, agency, strength in find_names(title, table):
        mark = _TITLE_END.search(title[max(0, start - 8) : start])
        if mark and strength != WEAK and not title[end : end + 200].strip(". "):
            tier: Tier = "likely" if mark["mark"] == "|" else "hint"
            low = start - len(mark.group()) + mark.start("mark") - mark.start()
            yield make_credit(agency, capped(tier, agency), "credit-line", title, low, end, "title")
