"""Publisher families: which outlets are one house, so that a story in forty of its papers is one pick-up.

The table is data, `families.csv`: an outlet's name or a host, and the house that
owns it, as of 2025, written from general knowledge. Owners change and the table
is no register; a user's own rows go before it. An outlet it does not name is a family of its own.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from dedup.errors import DedupError
from dedup.text.credit.names import table_of
from dedup.text.credit.site import host_agency, outlet_agency

COLUMNS: Final = ("outlet_or_host", "family")
CLEARS: Final = "*"
"""A row of this name drops the shipped table: what follows is all there is."""

_HOST: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")
_URL_HOST: Final = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z+.-]{0,20}:)?//(?:[^/?#@\s]{0,100}@)?([^/?#\s:]{1,255})")
_NOTE: Final = re.compile(r"\s*\([^()]*\)$")


def url_host(url: str | None) -> str | None:
    """Return the host of a URL in lower case, without ``www.``; None if it has none.

    Examples
    --------
    >>> url_host("https://WWW.Harbour-Courier.example/news/1")
    'harbour-courier.example'
    """
    found = _URL_HOST.match(url or "")
    return found[1].casefold().rstrip(".").removeprefix("www.") or None if found else None


def folded_name(name: str) -> str:
    """Return an outlet's name without case, accents, outer spaces and a leading "The".

    Examples
    --------
    >>> folded_name(" The  Détroit Free Press ")
    'detroit free press'
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split()).removeprefix("the ")


class Families:
    """The family of any outlet.

    Parameters
    ----------
    rows : iterable of (str, str)
        Name or host of an outlet, and its family; a later row overrides an earlier one, and an empty family
        takes the outlet out of the one it had.
    """

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        self._names: dict[str, str] = {}
        self._hosts: dict[str, str] = {}
        for name, family in rows:
            self._names[folded_name(name)] = family
            if _HOST.fullmatch(host := name.casefold().removeprefix("www.")):
                self._hosts[host] = family
        self._known: dict[tuple[str | None, str | None], str | None] = {}

    def __len__(self) -> int:
        return len(self._names)

    def of(self, outlet: str | None, url: str | None = None) -> str | None:
        """Return the family of an outlet.

        The first that answers: the outlet's name; that name without a note in brackets ("Fox News (Online)");
        its host, or a domain above it. An agency's own site is the agency. Else the outlet itself.

        Parameters
        ----------
        outlet, url : str, optional
            As the feed has them.

        Returns
        -------
        str or None
            None if there is neither an outlet nor a host.
        """
        host = url_host(url)
        asked = (outlet, host)
        if asked not in self._known:
            self._known[asked] = self._found(outlet, host)
        return self._known[asked]

    def _found(self, outlet: str | None, host: str | None) -> str | None:
        own = (outlet or "").strip() or host
        if own is None:
            return None
        for candidate in self._answers(outlet, host):
            if candidate is not None:
                return candidate or own
        agencies = table_of(None)
        agency = outlet_agency(outlet, agencies) if outlet else None
        if agency is None and host and (site := host_agency(f"//{host}", agencies)) is not None:
            agency = site[0]
        return own if agency is None else agency.name

    def _answers(self, outlet: str | None, host: str | None) -> Iterator[str | None]:
        if outlet:
            name = folded_name(outlet)
            yield self._names.get(name)
            yield self._names.get(_NOTE.sub("", name))
            if _HOST.fullmatch(name):
                host = host or name.removeprefix("www.")
        labels = host.split(".") if host else []
        for first in range(len(labels) - 1):
            yield self._hosts.get(".".join(labels[first:]))


def load_families(path: Path | None = None) -> Families:
    """Return the shipped table, with the rows of a file before it.

    Parameters
    ----------
    path : Path, optional
        CSV with the columns ``outlet_or_host,family``. A row whose first cell is ``*`` drops the
        shipped table.

    Raises
    ------
    DedupError
        If the file cannot be read or is no such table.
    """
    if path is None:
        return _shipped()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DedupError(f"{path}: {error}", "give a CSV in UTF-8") from error
    rows = _rows(text, str(path))
    alone = any(name == CLEARS for name, _ in rows)
    given = [row for row in rows if row[0] != CLEARS]
    return Families(given if alone else [*_rows(_data(), "families.csv"), *given])


@cache
def _shipped() -> Families:
    return Families(_rows(_data(), "families.csv"))


def _data() -> str:
    return (resources.files("dedup.provenance") / "families.csv").read_text(encoding="utf-8")


def _rows(text: str, source: str) -> list[tuple[str, str]]:
    lines = csv.reader(text.splitlines())
    header = tuple(cell.strip().casefold() for cell in next(lines, []))
    if header != COLUMNS:
        raise DedupError(f"{source}: the first line is not {','.join(COLUMNS)}", "begin the file with it")
    rows = []
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(COLUMNS) or not cells[0].strip():
            raise DedupError(f"{source}:{number}: not an outlet and a family: {','.join(cells)[:80]!r}")
        rows.append((cells[0].strip(), cells[1].strip()))
    return rows
