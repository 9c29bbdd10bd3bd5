"""A digest in Markdown, for a chat or an issue: the first clusters, each a heading and a small table.

GitHub's dialect, the strictest reader of the common ones. A headline is a
stranger's text: every character that could format, link, embed, mention or
refer is escaped, and only http and https addresses become links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from dedup.report.facts import cluster_facts
from dedup.report.member_rows import member_lag
from dedup.report.schema import CANONICAL, ClusterReport
from dedup.report.table import ORDER_WORDS, summary_line
from dedup.report.wording import count, moment, printable, same_headline

CLUSTERS_IN_DIGEST: Final = 10
MEMBERS_IN_DIGEST: Final = 8
_LONGEST: Final = 200  # characters of a headline
_LONGEST_URL: Final = 1_000

_MARKUP: Final = re.compile(r"[\\`*_\[\]<>#|~$&{}]")
# GitHub makes links of bare addresses, notifies "@name" and refers to "#12" even where they are escaped, for
# it looks for them in what is left when escapes are gone. A word joiner stops that, and is not seen.
_CALLS: Final = re.compile(
    r"(?i)@(?=\S)|#(?=\d)|(?<=\bGH)(?=-\d)|(?<=www)(?=\.)|:(?=//)|(?<=mailto):|(?<=xmpp):"
)
_JOINER: Final = "\u2060"
_LINK: Final = re.compile(r"(?i)https?://[^\s/?#@\\]+(?:[/?#]\S*)?")
_IN_ADDRESSES: Final = "/:?#@!$&+,=%~-._"


def markdown_lines(
    report: ClusterReport,
    *,
    clusters: int | None = CLUSTERS_IN_DIGEST,
    members: int | None = MEMBERS_IN_DIGEST,
    sort: str = "size",
) -> Iterator[str]:
    """Yield the lines of the digest.

    Parameters
    ----------
    report : ClusterReport
        In its order.
    clusters, members : int, optional
        Show so many clusters, and members of each, the first (of members one more, for a line that says so is
        no shorter); None: all.
    sort : str
        The order they are in, to word the last line.
    """
    yield f"**{summary_line(report, timed=False)}**"
    shown = report if clusters is None else report.top(clusters)
    for number, rows in enumerate(shown.iter_clusters(), 1):
        yield from _cluster_lines(number, rows.to_pylist(), members)
    if report.n_clusters > shown.n_clusters:
        yield ""
        yield (
            f"*{shown.n_clusters:,} of {report.n_clusters:,} clusters shown, "
            f"{ORDER_WORDS[sort]} first; `--top N` shows more.*"
        )


def escaped(text: str | None) -> str:
    """Return a feed's text as Markdown that shows it and does nothing else.

    Examples
    --------
    >>> escaped("<b>*Breaking* | [win](x)")
    '\\\\<b\\\\>\\\\*Breaking\\\\* \\\\| \\\\[win\\\\](x)'
    """
    said = printable(text)
    if len(said) > _LONGEST:
        said = said[: _LONGEST - 1].rstrip() + "…"
    said = _MARKUP.sub(lambda found: "\\" + found[0], said)
    return _CALLS.sub(lambda found: found[0] + _JOINER, said)


def link(text: str, url: str | None) -> str:
    """Return escaped `text`, as a link if `url` is a plain http or https address.

    No link: another scheme, or a name before the host (``https://bank.example@elsewhere.example``).
    """
    said = escaped(text)
    address = printable(url)
    if not said or len(address) > _LONGEST_URL or not _LINK.fullmatch(address):
        return said
    return f"[{said}]({quote(address, safe=_IN_ADDRESSES)})"


def _cluster_lines(number: int, members: list[dict[str, Any]], most: int | None) -> Iterator[str]:
    canonical = members[0]
    yield ""
    yield f"### {number}. {escaped(canonical['title']) or '(no headline)'}"
    yield ""
    facts = [escaped(fact) for fact in cluster_facts(members, named=True)]
    yield " · ".join([*facts, f"`{canonical['cluster_id']}`"])
    yield ""
    yield "| relation | lag | outlet | headline | score | credit |"
    yield "| --- | ---: | --- | --- | ---: | --- |"
    limit = len(members) if most is None or len(members) == most + 1 else most
    for member in members[:limit]:
        yield f"| {' | '.join(_cells(member, canonical))} |"
    if (more := len(members) - limit) > 0:
        yield ""
        yield f"and {count(more, 'article')} more"


def _cells(member: Mapping[str, Any], canonical: Mapping[str, Any]) -> list[str]:
    first = member["relation"] == CANONICAL
    if first:
        headline = moment(member["published"]) or "no date"
    elif same_headline(printable(member["title"]), printable(canonical["title"])):
        headline = "same headline"
    else:
        headline = escaped(member["title"]) or "(no headline)"
    score = "" if member["score"] is None or first else f"{member['score']:.2f}"
    outlet = link(printable(member["outlet"]) or "-", member["url"])
    lag = member_lag(member, canonical, first=first)
    return [escaped(member["relation"]), lag, outlet, headline, score, escaped(member["credit"])]
