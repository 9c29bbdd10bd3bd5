"""Write the sample feed and the sample headline list from the texts in ``source/``.

    python samples/build.py

The base texts are written by hand; this script puts them together as a feed would carry them: one
story at several outlets, each with its own headline, dateline, quotation marks and page furniture.
Nothing is random, so two runs write the same bytes.

Story files hold blocks of this shape (one paragraph a line):

    # w01
    at: 03-04T06:10                  time of the first copy, UTC, in March 2025
    title: ...                       alt: ... gives another headline for a copy
    from: TOWN | Agency              dateline and credit
    tail: (Reporting by ...)         the agency's last line
    later: 480                       minutes by which the later version comes after the others
    copies: dm:o hc:v ng:cut4 cv:mid1,2,5 eo:ver ph:rw
    body:                            the text as first sent
    version: Headline                a later version; "@3" repeats paragraph 3 of the body
    rewrite: Headline                the same story in other words
    own bt: Headline                 an outlet's own report of the same event

A copy is ``o`` (original), ``v`` (verbatim), ``cutN`` (first N paragraphs), ``midA,B,C`` (those
paragraphs), ``ver`` (later version) or ``rw`` (rewrite).
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "source"

RELATIONS = {"o": "original", "v": "verbatim", "cut": "cut", "mid": "cut", "ver": "version", "rw": "rewrite"}
ROUNDUPS = [
    ("r1", "dm", "03-04T16:00", "News in brief: Tuesday", ["b01", "b02", "b03", "b04", "b05"]),
    ("r2", "rl", "03-05T16:30", "Around the world in five items", ["b06", "b07", "b08", "b09", "b10"]),
]
DAYS = {"Tuesday": 4, "Wednesday": 5, "Thursday": 6}
SINGLES_FROM = datetime(2025, 3, 4, 8, 5, tzinfo=UTC)
SINGLES_STEP = timedelta(minutes=29)


@dataclass
class Story:
    """One block of a story file."""

    key: str
    at: datetime | None = None
    titles: list[str] = field(default_factory=list)
    place: str = ""
    agency: str = ""
    tail: str = ""
    later: int = 60
    copies: list[tuple[str, str]] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    version: tuple[str, list[str]] = ("", [])
    rewrite: tuple[str, list[str]] = ("", [])
    own: list[tuple[str, str, list[str]]] = field(default_factory=list)


@dataclass
class Single:
    """An article that stands alone; ``day: Wednesday`` below its headline sets the earliest day."""

    title: str
    paragraphs: list[str] = field(default_factory=list)
    earliest: datetime = SINGLES_FROM


@dataclass
class Article:
    """An article on its way into the feed."""

    outlet: str
    at: datetime
    title: str
    paragraphs: list[str]
    story: str
    relation: str
    kind: str
    byline: str = ""
    bare: bool = False
    number: int = 0

    @property
    def id(self) -> str:
        """The identifier the article has in the feed."""
        return f"{self.outlet}-{self.number}"


def chosen(key: str, count: int) -> int:
    """A number below ``count`` which depends on ``key`` alone."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % count


def moment(text: str) -> datetime:
    """``03-04T06:10`` as a UTC time in 2025."""
    return datetime.fromisoformat(f"2025-{text}:00+00:00")


def read_stories(path: Path) -> list[Story]:
    """The blocks of one story file."""
    stories: list[Story] = []
    paragraphs: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(": ")
        if not line:
            continue
        if line.startswith("# "):
            stories.append(Story(line[2:]))
            continue
        story = stories[-1]
        if name == "at":
            story.at = moment(value)
        elif name in ("title", "alt"):
            story.titles.append(value)
        elif name == "from":
            story.place, story.agency = value.split(" | ")
        elif name == "tail":
            story.tail = value
        elif name == "later":
            story.later = int(value)
        elif name == "copies":
            story.copies = [(copy.split(":")[0], copy.split(":")[1]) for copy in value.split()]
        elif line == "body:":
            paragraphs = story.body
        elif name == "version":
            paragraphs = []
            story.version = (value, paragraphs)
        elif name == "rewrite":
            paragraphs = []
            story.rewrite = (value, paragraphs)
        elif re.fullmatch(r"own \w\w", name):
            paragraphs = []
            story.own.append((name[4:], value, paragraphs))
        else:
            paragraphs.append(line)
    return stories


def read_singles(path: Path) -> list[Single]:
    """The single articles in a file."""
    found: list[Single] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            found.append(Single(line[2:]))
        elif line.startswith("day: "):
            found[-1].earliest = datetime(2025, 3, DAYS[line[5:]], 8, tzinfo=UTC)
        else:
            found[-1].paragraphs.append(line)
    return found


def curly(text: str) -> str:
    """Typographic quotation marks and apostrophes."""
    text = re.sub(r"(^|(?<=[\s(\[—]))\"", "“", text)
    text = text.replace('"', "”")
    text = re.sub(r"(^|(?<=[\s(\[—“]))'", "\u2018", text)
    return text.replace("'", "\u2019").replace(" -- ", " — ")


def dateline(style: str, story: Story, at: datetime) -> str:
    """What stands before the first sentence at an outlet of this style."""
    if not story.place or style == "none":
        return ""
    if style == "full":
        return f"{story.place}, March {at.day} ({story.agency}) - "
    if style == "agency":
        return f"{story.place} ({story.agency}) — "
    return f"{story.place} -- "


def selected(story: Story, how: str) -> tuple[str, list[str], str]:
    """Headline ("" for any), paragraphs and relation of the copy called ``how``."""
    match = re.fullmatch(r"(cut|mid|ver|rw|o|v)([\d,]*)", how)
    if match is None:
        raise ValueError(f"{story.key}: no copy is called {how!r}")
    form, rest = match.groups()
    relation = RELATIONS[form]
    if form == "ver":
        title, paragraphs = story.version
        return title, [story.body[int(p[1:]) - 1] if p.startswith("@") else p for p in paragraphs], relation
    if form == "rw":
        return *story.rewrite, relation
    if form == "cut":
        return "", story.body[: int(rest)], relation
    if form == "mid":
        return "", [story.body[int(number) - 1] for number in rest.split(",")], relation
    return (story.titles[0] if form == "o" else ""), list(story.body), relation


def copies_of(story: Story, kind: str, outlets: dict[str, Any]) -> list[Article]:
    """All the copies of one story, and the outlets' own reports of the event."""
    if story.at is None:
        raise ValueError(f"{story.key} has no time")
    made = []
    for place, (code, how) in enumerate(story.copies):
        title, paragraphs, relation = selected(story, how)
        key = f"{story.key}/{code}"
        delay = 0 if relation == "original" else 20 + 31 * place + chosen(key + "/delay", 30)
        at = story.at + timedelta(minutes=delay + (story.later if relation == "version" else 0))
        outlet = outlets[code]
        paragraphs = list(paragraphs)
        if relation != "rewrite":
            paragraphs[0] = dateline(outlet["dateline"], story, at) + paragraphs[0]
            if (
                story.tail
                and relation in ("original", "verbatim")
                and outlet["dateline"] in ("full", "agency")
            ):
                paragraphs.append(story.tail)
        title = title or story.titles[chosen(key + "/title", len(story.titles))]
        if relation == "rewrite":
            byline = f"By {outlet['staff'][0]}"
        else:
            byline = [story.agency, outlet["desk"], "", outlet["desk"]][chosen(key + "/byline", 4)]
        made.append(Article(code, at, title, paragraphs, story.key, relation, kind, byline))
    for code, title, paragraphs in story.own:
        at = story.at + timedelta(minutes=150 + chosen(f"{story.key}/own", 180))
        byline = f"By {outlets[code]['staff'][1]}"
        made.append(
            Article(code, at, title, paragraphs, f"{story.key}-own", "original", "same-event", byline)
        )
    return made


def roundups(briefs: dict[str, Story]) -> list[Article]:
    """The news-in-brief columns."""
    made = []
    for key, code, at, title, parts in ROUNDUPS:
        paragraphs = ["A short look at what else is going on."]
        for part in parts:
            paragraphs += [briefs[part].titles[0].upper(), *briefs[part].body]
        made.append(Article(code, moment(at), title, paragraphs, key, "original", "roundup"))
    return made


def singles(outlets: dict[str, Any]) -> list[Article]:
    """The articles that stand alone, dealt out to the English-language outlets in turn."""
    codes = [code for code, outlet in outlets.items() if outlet["english"]]
    texts = read_singles(SOURCE / "singles_a.txt") + read_singles(SOURCE / "singles_b.txt")
    waiting = sorted(
        range(len(texts)), key=lambda index: hashlib.sha256(texts[index].title.encode()).hexdigest()
    )
    made = []
    for turn in range(len(texts)):
        at = SINGLES_FROM + turn * SINGLES_STEP
        index = next(index for index in waiting if texts[index].earliest <= at)
        waiting.remove(index)
        code = codes[turn % len(codes)]
        byline = f"By {outlets[code]['staff'][turn % 2]}" if turn % 3 else ""
        text = texts[index]
        story = f"s{index + 1:03d}"
        made.append(Article(code, at, text.title, text.paragraphs, story, "original", "single", byline))
    return made


def templates(outlets: dict[str, Any]) -> list[Article]:
    """Forms filled in by a desk: lottery numbers, forecasts, earnings, market closes."""
    homes = {
        "lottery": ["rl", "ng", "bt", "ph"],
        "weather": ["ph", "rl", "bt", "ng"],
        "earnings": ["rl", "cd", "ph", "bt"],
        "market": ["dm", "hc", "mi"],
    }
    made = []
    for name, form in json.loads((SOURCE / "templates.json").read_text(encoding="utf-8")).items():
        for number, row in enumerate(form["rows"]):
            slots = dict(zip(form["columns"], row, strict=True))
            day = DAYS.get(slots.get("day", ""), 4 + number % 3)
            hour = {"lottery": 23, "weather": 11, "earnings": 13, "market": 14}[name]
            if day == 6 and name == "lottery":
                raise ValueError("a draw on the last evening would fall outside the three days")
            code = homes[name][number % len(homes[name])]
            at = datetime(2025, 3, day, hour, 3 * number, tzinfo=UTC)
            text = form["text"].format(**slots)
            made.append(
                Article(
                    code,
                    at,
                    form["title"].format(**slots),
                    text.split("\n\n"),
                    f"{name}-{number + 1}",
                    "original",
                    "template",
                    outlets[code]["desk"] if number % 2 else "",
                )
            )
    return made


def zone(outlet: dict[str, Any]) -> timezone:
    """The outlet's time zone."""
    if outlet["zone"] == "Z":
        return UTC
    hours, minutes = outlet["zone"][1:].split(":")
    shift = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-shift if outlet["zone"].startswith("-") else shift)


def slug(title: str, fallback: str) -> str:
    """The headline as a piece of a web address."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    return "-".join(words[:9]) if len(words) > 2 else fallback


def record(article: Article, outlet: dict[str, Any], more: list[str]) -> dict[str, str]:
    """One line of the feed."""
    paragraphs = list(article.paragraphs)
    if article.number % 4 or article.outlet in ("cv", "mb"):
        fill = dict(zip(["more1", "more2", "more3"], more, strict=True))
        paragraphs = outlet["head"] + paragraphs + [line.format(**fill) for line in outlet["foot"]]
        if outlet["middle"]:
            paragraphs[2:2] = outlet["middle"]
    title, text = article.title, "\n\n".join(paragraphs)
    if outlet["curly"] and article.story[0] != "f":
        title, text = curly(title), "\n\n".join(curly(part) for part in paragraphs)
    local = article.at.astimezone(zone(outlet))
    if not datetime(2025, 3, 4).date() <= local.date() <= datetime(2025, 3, 6).date():
        raise ValueError(f"{article.id} is dated {local}")
    published = local.isoformat().replace("+00:00", "Z" if outlet["zone"] == "Z" else "+00:00")
    if article.outlet == "cv" and article.number % 3 == 0:
        published = local.date().isoformat()
    path = outlet["url"].format(
        ymd=f"{local:%Y/%m/%d}", slug=slug(article.title, str(article.number)), n=article.number
    )
    line = {
        "id": article.id,
        "outlet": outlet["name"],
        "url": f"https://{outlet['host']}{path}",
        "published": published,
        "title": title + outlet["suffix"],
        "text": text,
    }
    if article.byline:
        line["byline"] = article.byline
    return line


def write_rows(path: Path, header: list[str], rows: list[list[str]]) -> None:
    """A CSV file with Unix line ends."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_feed(outlets: dict[str, Any]) -> None:
    """``feed.jsonl`` and ``feed_truth.csv``."""
    articles: list[Article] = []
    for name in ("wire_a", "wire_b", "wire_c"):
        for story in read_stories(SOURCE / f"{name}.txt"):
            articles += copies_of(story, "wire", outlets)
    for story in read_stories(SOURCE / "foreign.txt"):
        articles += copies_of(story, "wire" if len(story.copies) > 1 else "single", outlets)
    briefs = {story.key: story for story in read_stories(SOURCE / "briefs.txt")}
    for story in briefs.values():
        articles += copies_of(story, "brief", outlets)
    articles += roundups(briefs) + singles(outlets) + templates(outlets)

    articles.sort(key=lambda article: (article.at, article.outlet, article.title))
    shelf: dict[str, list[Article]] = {code: [] for code in outlets}
    for article in articles:
        article.number = 4101 + 7 * list(outlets).index(article.outlet) + len(shelf[article.outlet])
        shelf[article.outlet].append(article)
    with (HERE / "feed.jsonl").open("w", encoding="utf-8", newline="\n") as out:
        for article in articles:
            own = shelf[article.outlet]
            place = own.index(article)
            more = [own[(place + step) % len(own)].title for step in (3, 7, 12)]
            line = record(article, outlets[article.outlet], more)
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    write_rows(
        HERE / "feed_truth.csv",
        ["article_id", "story_id", "relation", "kind"],
        [[article.id, article.story, article.relation, article.kind] for article in articles],
    )


def write_headlines(outlets: dict[str, Any]) -> None:
    """``headlines.csv`` and ``headlines_truth.csv``."""
    rows: list[tuple[str, str, str, str]] = []
    group, alone = "", 0
    for line in (SOURCE / "headlines.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            group = line[2:]
            continue
        headline, code, day = line.split(" | ")
        story = group
        if group == "alone":
            alone += 1
            story = f"n{alone:03d}"
        rows.append((headline, code, day, story))
    rows.sort(key=lambda row: (row[2], hashlib.sha256("/".join(row).encode()).hexdigest()))
    listed, truth = [], []
    for number, (headline, code, day, story) in enumerate(rows):
        outlet = outlets[code]
        path = outlet["url"].format(
            ymd=f"2025/{day.replace('-', '/')}", slug=slug(headline, str(number)), n=7200 + number
        )
        listed.append([headline, outlet["name"], f"2025-{day}", f"https://{outlet['host']}{path}"])
        truth.append([str(number + 2), story])
    write_rows(HERE / "headlines.csv", ["Headline", "Source", "Publication Date", "URL"], listed)
    write_rows(HERE / "headlines_truth.csv", ["line", "story_id"], truth)


def main() -> None:
    """Write the four files."""
    outlets = json.loads((SOURCE / "outlets.json").read_text(encoding="utf-8"))
    write_feed(outlets)
    write_headlines(outlets)


if __name__ == "__main__":
    main()
