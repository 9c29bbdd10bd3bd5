"""Where an article stands: the agency whose site it is, or whose copy a section of the URL holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dedup.text.credit.agencies import Agency
from dedup.text.credit.evidence import Credit, capped, make_credit
from dedup.text.credit.names import WEAK, Table, table_of

_URL: Final = re.compile(
    r"\s*(?:[a-zA-Z][a-zA-Z+.-]{0,20}:)?//(?:[^/?#@\s]{0,100}@)?(?P<host>[^/?#\s:]{1,255})"
)
_NUMBER: Final = re.compile(r"[\d._-]+(?:\.\w{2,5})?|(?i:id|story|article|index(?:\.\w{2,5})?|amp)")
URL_LIMIT: Final = 2000


def host_agency(url: str, table: Table) -> tuple[Agency, int, int] | None:
    """Return the agency whose host a URL names, and the span of the host."""
    found = _URL.match(url[:URL_LIMIT])
    if found is None:
        return None
    labels = found["host"].casefold().rstrip(".").split(".")
    for first in range(len(labels) - 1):
        agency = table.domains.get(".".join(labels[first:]))
        if agency is not None:
            return agency, found.start("host"), found.end("host")
    return None


def in_url(url: str, table: Table) -> Iterator[Credit]:
    """Yield the agency of the host, or else of every section of the path that is known for agency copy."""
    own = host_agency(url, table)
    if own is not None:
        yield make_credit(own[0], "sure", "url", url, own[1], own[2], "url")
        return
    found = _URL.match(url[:URL_LIMIT])
    path = re.split(r"[?#]", url[: URL_LIMIT + 1], maxsplit=1)[0]
    parts = list(re.finditer(r"/([^/]+)", path[found.end() :] if found else path))
    shift = found.end() if found else 0
    # The last part of words is the headline: "ap-calculus-tips" is no section, nor is it before "/id/7015/".
    headline = max((n for n, part in enumerate(parts) if not _NUMBER.fullmatch(part.group(1))), default=-1)
    for number, part in enumerate(parts):
        section = part.group(1).casefold()
        agency = table.sections.get(section)
        if agency is None and number < headline:
            for cut in range(section.find("-") + 1, len(section)):
                if section[cut - 1] == "-" and (agency := table.beginnings.get(section[:cut])):
                    break
        if agency is not None:
            tier = capped("likely", agency)
            yield make_credit(agency, tier, "url", url, shift + part.start(), shift + part.end(), "url")


_OUTLET_TRIM: Final = re.compile(r"^[Tt]he\s|\.com$|\s(?:[Nn]ews(?:\s[Aa]gency)?|[Ww]ire)$")


def outlet_agency(outlet: str, table: Table) -> Agency | None:
    """Return the agency that an outlet is by its name."""
    name = " ".join(outlet[:200].split())
    bare = _OUTLET_TRIM.sub("", name)
    found = table.folded.get(bare.casefold()) or table.folded.get(name.casefold())
    if found is None or not found[0].own_site or (found[1] == WEAK and " " not in bare):
        return None
    return found[0]


def in_outlet(outlet: str, table: Table) -> Iterator[Credit]:
    """Yield the agency that the outlet is."""
    agency = outlet_agency(outlet, table)
    if agency is not None:
        yield make_credit(agency, "sure", "metadata", outlet, 0, len(outlet), "outlet")


def is_agency_outlet(outlet: str | None, url: str | None) -> bool:
    """Tell whether an article stands on an agency's own site, by host or by outlet name.

    Such an article is the origin of its copies. Knows the agencies of the shipped table.

    Examples
    --------
    >>> is_agency_outlet("Reuters", None), is_agency_outlet("The Daily Invented", "https://x.example/reuters/1")
    (True, False)
    """
    table = table_of(None)
    if outlet and outlet_agency(outlet, table) is not None:
        return True
    return bool(url) and host_agency(url or "", table) is not None
