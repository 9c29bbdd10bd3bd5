"""Wire credits: which news agency a text says it comes from, and where it says so.

A dateline "AMMAN (Reuters) -", a byline, a copyright line, "With inputs from PTI", a section of the URL:
each is a *credit*. That an agency is merely named ("told Reuters", "a Reuters/Ipsos poll") or took the
picture ("(AP Photo/...)") says nothing about where the text comes from, and is none.

So the search goes from names to contexts: one pass finds every agency name, then a few rules look at what
stands around it. Nothing matches by the name alone. Names are data (`agencies.json`) and literal, never
patterns, so no table a user writes can hang the search; contexts are code, each bounded in length.

The limits. A credit tells what a page claims, not what was copied; a page that shows several stories may
show the credit of a neighbour. In languages other than English only datelines and signatures are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from dedup.text.credit.agencies import Agency
from dedup.text.credit.evidence import Credit, strongest
from dedup.text.credit.fields import in_line, in_text, in_title
from dedup.text.credit.names import Table, table_of
from dedup.text.credit.site import in_outlet, in_url

FINDER: Final = 1
"""Version of the rules. Raise it with every change of this package that finds another credit, tier, kind or
span in any record: credits kept by an index are found again then. The table of agencies is not meant, a
change of it is noticed."""


def find_credit(
    *,
    text: str | None = None,
    title: str | None = None,
    byline: str | None = None,
    credit: str | None = None,
    url: str | None = None,
    outlet: str | None = None,
    agencies: Sequence[Agency] | None = None,
) -> Credit | None:
    """Return the strongest credit of an article, or None.

    Parameters
    ----------
    text, title, byline, credit, url, outlet : str, optional
        Fields of the article. Of the text only the first `HEAD` and the last `TAIL` code points are read.
    agencies : sequence of Agency, optional
        The table, `load_agencies()` by default.

    Returns
    -------
    Credit or None
        The best tier; among equals in the order credit, byline, text, title, url, outlet (what names the
        agency most plainly first), and in a field the earliest, of these the longest.

    Examples
    --------
    >>> found = find_credit(text="AMMAN (Reuters) - Rain fell on the capital on Monday.")
    >>> found.agency, found.kind, found.evidence
    ('Reuters', 'dateline', 'AMMAN (Reuters) -')
    >>> find_credit(text="The minister told Reuters that rain was likely.") is None
    True
    """
    table = table_of(agencies)
    found = in_text(text, table) if text else ()
    return strongest(chain(found, beside(table, title, byline, credit, url, outlet)))


def beside(
    table: Table,
    title: str | None,
    byline: str | None,
    credit: str | None,
    url: str | None,
    outlet: str | None,
) -> Iterator[Credit]:
    """Yield the credits of all fields but the text."""
    if credit:
        yield from in_line(credit, table, "credit")
    if byline:
        yield from in_line(byline, table, "byline")
    if title:
        yield from in_title(title, table)
    if url:
        yield from in_url(url, table)
    if outlet:
        yield from in_outlet(outlet, table)
