"""Credits of many articles at once: what the compiled passes let through is all that the rules accept."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.text.credit import (
    HEAD,
    TAIL,
    Agency,
    Credit,
    agency_outlets,
    byline,
    credit_line,
    dateline,
    find_credit,
    find_credits,
    is_agency_outlet,
)
from dedup.text.credit.columns import bytes_of
from dedup.text.credit.context import MONTHS, PARTICLES, Hit
from dedup.text.credit.fields import _REPORTING, _RULES
from dedup.text.credit.gate import Gate
from dedup.text.credit.names import find_names, table_of
from tests.test_credit import CREDITED, HOSTILE, NOT_CREDITED, lines

FIELDS = ("text", "title", "byline", "credit", "url", "outlet")
SAMPLES = Path(__file__).parent.parent / "samples"


def table_from(rows: list[dict[str, str | None]]) -> pa.Table:
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in FIELDS})


def one_by_one(
    rows: list[dict[str, str | None]], agencies: list[Agency] | None = None
) -> list[Credit | None]:
    return [find_credit(**{name: row.get(name) for name in FIELDS}, agencies=agencies) for row in rows]


def everywhere(text: str) -> list[dict[str, str | None]]:
    """The same words in each field, and in the windows of a long text."""
    rows: list[dict[str, str | None]] = [{name: text} for name in FIELDS]
    filler = "It rained on the mill. " * 120
    rows += [{"text": text + filler}, {"text": filler + text}, {"text": filler + "\n" + text}]
    # The borders of the windows: the words stand across them.
    rows += [{"text": "é" * (HEAD - cut) + text + filler} for cut in (0, len(text) // 2, len(text))]
    rows += [{"text": filler + text + "é" * (TAIL - cut)} for cut in (0, len(text) // 2, len(text))]
    return rows


def feed(path: Path) -> Iterator[dict[str, str | None]]:
    data = path.read_bytes()
    for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines():
        row = orjson.loads(line)
        yield {k: row[k] for k in FIELDS if isinstance(row.get(k), str)}


def test_known_credits_and_all_that_only_look_like_one() -> None:
    texts = [line.split(" | ", 2)[2].replace("⟦", "").replace("⟧", "") for line in lines(CREDITED)]
    texts += [*lines(NOT_CREDITED), *HOSTILE.values()]
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    rows = [row for text in texts for row in everywhere(text[:3000])]
    assert find_credits(table_from(rows)) == one_by_one(rows)


def test_the_sample_feed() -> None:
    rows = list(feed(SAMPLES / "feed.jsonl"))
    found = find_credits(table_from(rows))
    assert found == one_by_one(rows)
    assert any(found)


@pytest.mark.gold
def test_a_real_feed() -> None:
    if "DEDUP_GOLD_DIR" not in os.environ:
        pytest.skip("DEDUP_GOLD_DIR is not set: no real feed at hand")
    rows = list(feed(Path(os.environ["DEDUP_GOLD_DIR"]) / "feeds" / "allsides.jsonl.gz"))
    table = table_from(rows)
    found = find_credits(table)
    assert found == one_by_one(rows)
    assert sum(credit is not None for credit in found) > 8000
    own = [is_agency_outlet(row.get("outlet"), row.get("url")) for row in rows]
    assert agency_outlets(table["outlet"], table["url"]).tolist() == own


TABLE = table_of(None)
NAMES = st.sampled_from(sorted(TABLE.names))
CASES = st.sampled_from([str, str.upper, str.lower, str.title, str.swapcase])
ALIKE = str.maketrans(
    {"i": "ı", "s": "ſ", "k": "\u212a", "I": "İ", "A": "А", "(": "（", " ": "\xa0", "-": "–"}
)
WORDS = [
    *(first + rest for first, rest, *_ in TABLE.phrases),
    *credit_line.COPYRIGHT_SIGNS,
    *credit_line.NOTE_BEFORE,
    *credit_line.LABEL_BEFORE,
    *credit_line.CONTRIBUTION_AFTER,
    *byline.BY,
    *MONTHS.split("|"),
    *sorted(PARTICLES),
    *[
        "The",
        "with",
        "Inputs",
        "year",
        "2024",
        "Photo",
        "Writers",
        "staff",
        "bureau",
        "Published",
        "Monday",
        "monday",
        "on",
        "and",
        "now",
        "ago",
        "LIMA",
        "Lima",
    ],
    *[
        "told",
        "said",
        "Jane",
        "Doe",
        "This",
        "story",
        "contains",
        "was",
        "used",
        "Reporting",
        "Editing",
        "nearby",
        "lathe",
        "dethe",
        "all",
        "rights",
    ],
]
SIGNS = [
    *" \n\t\xa0\u2009\u3000,.:;!?()[]（）【】/|•·—–-_@#&©®“”\"'’»…é新월İıſ\u212aﬁ\u0301\U0001f600",
    "  ",
    ". ",
    ", ",
    "\n\n",
]
VARIED = st.one_of(
    st.builds(lambda name, case: case(name), NAMES, CASES),
    st.builds(lambda word, case: case(word), st.sampled_from(WORDS), CASES),
    st.builds(lambda word: word.translate(ALIKE), NAMES | st.sampled_from(WORDS)),
)
PIECES = st.one_of(
    NAMES, st.sampled_from(WORDS), st.sampled_from(SIGNS), st.just(" "), VARIED, st.text(max_size=3)
)


def utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join).map(utf8))
def test_texts_made_of_what_the_rules_look_for(text: str) -> None:
    rows = everywhere(text)
    assert find_credits(table_from(rows)) == one_by_one(rows)


def matching(pattern: re.Pattern[str]) -> st.SearchStrategy[str]:
    return st.from_regex(pattern).map(utf8)


BEFORE = [
    *(credit_line._COPY, credit_line._INPUTS, credit_line._USED, credit_line._CONTAINS, credit_line._FEED),
    *(credit_line._GENERATED, credit_line._CONTRIBUTING, credit_line._FOLLOW, credit_line._SOURCE),
    *(
        credit_line._SIGNATURE,
        dateline._OPEN,
        dateline._OPEN_SPACED,
        dateline._CAPS_RUN,
        byline._BY,
        byline._STAMP,
    ),
]
AFTER = [
    *(credit_line._RIGHTS, credit_line._USED_AFTER, credit_line._GENERATED_AFTER, credit_line._CONTRIBUTED),
    *(credit_line._SOURCE_END, credit_line._SIGNATURE_END, dateline._CLOSE, dateline._DASH, dateline._DAY),
    *(byline._BYLINE_END, byline._LINE_END, byline._ALONE_END, byline.TITLED),
]


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(BEFORE).flatmap(matching),
    NAMES,
    st.sampled_from(AFTER).flatmap(matching),
    st.sampled_from(["", " ", ", ", "\n", "—"]),
    st.sampled_from(AFTER).flatmap(matching) | st.text(max_size=20).map(utf8),
)
def test_texts_made_from_the_patterns(before: str, name: str, after: str, gap: str, more: str) -> None:
    for text in (before + name + after + gap + more, before + gap + name + after):
        rows: list[dict[str, str | None]] = [{"text": text}, {"text": text + " It rained." * 300}]
        rows += [{"text": "It rained. " * 300 + text}]
        assert find_credits(table_from(rows)) == one_by_one(rows)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(PIECES | st.sampled_from(BEFORE).flatmap(matching), max_size=12).map("".join).map(utf8),
    st.data(),
)
def test_no_rule_accepts_what_the_gate_holds_back(text: str, data: st.DataObject) -> None:
    name = data.draw(NAMES)
    text = text + name + data.draw(st.sampled_from(AFTER).flatmap(matching))
    let = {}
    hits = Gate(TABLE).hits(bytes_of(pa.array([text])))
    for at, length, literal, rules in zip(*(array.tolist() for array in hits[1:]), strict=True):
        if literal >= 0:
            let[at if at >= 0 else len(text) + at, length] = TABLE.ordered[literal], rules
    for start, end, agency, strength in find_names(text, TABLE):
        _, rules = let.get((start, end - start), ("", 0))
        hit = Hit(text, start, end, strength)
        for bit, rule in enumerate(_RULES):
            assert rules >> bit & 1 or rule(hit) is None, (rule, text, start)
        if rules:
            assert TABLE.names[let[start, end - start][0]] == (agency, strength)


def test_the_gate_without_rules_finds_the_names_and_nothing_else() -> None:
    texts = [utf8(text) for text in HOSTILE.values()] + [
        row.get("text") or "" for row in feed(SAMPLES / "feed.jsonl")
    ]
    hits = Gate(TABLE).hits(bytes_of(pa.array(texts)), rules=False)
    found: list[list[tuple[int, int]]] = [[] for _ in texts]
    for row, at, length, literal in zip(*(array.tolist() for array in hits[:4]), strict=True):
        if literal >= 0:
            start = at if at >= 0 else len(texts[row]) + at
            found[row].append((start, start + length))
    assert found == [[(start, end) for start, end, *_ in find_names(text, TABLE)] for text in texts]


REPORTED = "Reporting by Xyz; editing by Abc"
LITERAL = st.text("abAB éß新ıſ.-*(\n", min_size=1, max_size=6).filter(lambda literal: literal.strip())


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.builds(
            Agency,
            st.sampled_from("XYZ"),
            full=st.lists(LITERAL, max_size=4).map(tuple),
            short=st.lists(LITERAL, max_size=2).map(tuple),
            weak=st.lists(LITERAL, max_size=2).map(tuple),
            domains=st.lists(st.sampled_from(["a.b", "ab.example", "ñ.example"]), max_size=2).map(tuple),
            paths=st.lists(st.sampled_from(["a", "ab-*", "b*", "A-b", "é", "*"]), max_size=2).map(tuple),
            phrases=st.lists(st.tuples(LITERAL, st.sampled_from(["sure", "hint"])), max_size=2).map(tuple),
            reporting_style=st.booleans(),
        ),
        max_size=4,
    ),
    st.lists(
        LITERAL | st.sampled_from(["(", ")", " - ", "By ", "https://", "/", "?", REPORTED]), max_size=12
    ).map("".join),
)
def test_whatever_table_a_user_writes(agencies: list[Agency], text: str) -> None:
    rows = everywhere(text)
    names = [name for agency in agencies for name in (*agency.full, *agency.short, *agency.weak)]
    rows += [row for name in names for row in everywhere(f"({name}) - {text}")[:6]]
    assert find_credits(table_from(rows), agencies) == one_by_one(rows, agencies)


def test_the_closing_line_of_reporters() -> None:
    @settings(max_examples=100, deadline=None)
    @given(matching(_REPORTING), st.sampled_from(["", " ", "x" * TAIL]))
    def check(line: str, after: str) -> None:
        rows: list[dict[str, str | None]] = [{"text": "It rained. " * n + line + after} for n in (0, 300)]
        assert find_credits(table_from(rows)) == one_by_one(rows)

    check()


RAW = [b"LIMA (AP) - ", b"\n", b" (ANI)", "é".encode(), b"\xe2\x80"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=3) | st.sampled_from(RAW), max_size=12).map(b"".join))
def test_broken_bytes_are_read_as_a_replacement(raw: bytes) -> None:
    long = [
        raw,
        raw + b" It rained." * 300,
        b"It rained. " * 300 + raw,
        b"It rained. " * 240 + raw + b" It rained" * 60,
    ]
    array = pa.array(long, pa.binary())
    column = pa.Array.from_buffers(pa.string(), len(long), array.buffers())
    rows: list[dict[str, str | None]] = [{"text": one.decode("utf-8", "replace")} for one in long]
    assert find_credits(pa.table({"text": column})) == one_by_one(rows)


def test_slices_chunks_and_other_types_of_columns() -> None:
    rows: list[dict[str, str | None]] = [
        {"text": "LIMA (AP) — It rained.", "byline": "PTI", "url": "https://news.example/reuters/1"},
        {},
        {"text": "", "outlet": "Reuters", "credit": "AFP"},
        {"title": "Mill closes | Reuters", "url": "https://apnews.com/1"},
    ] * 5000
    table = table_from(rows)
    want = one_by_one(rows[:4]) * 5000
    assert find_credits(table) == want
    assert find_credits(table.slice(3, 9000)) == want[3:9003]
    assert find_credits(pa.concat_tables([table.slice(0, 7), table.slice(7, 9)])) == want[:16]
    assert find_credits(table.combine_chunks().to_batches()[0].slice(1, 6)) == want[1:7]
    wide = pa.schema([(name, pa.large_string()) for name in FIELDS])
    assert find_credits(table.slice(0, 9).cast(wide)) == want[:9]
    coded = pa.table({name: table[name].slice(0, 9).dictionary_encode() for name in FIELDS})
    assert find_credits(coded) == want[:9]
    assert find_credits(pa.table({"text": pa.nulls(3), "url": pa.nulls(3)})) == [None] * 3


def test_agency_outlets_is_is_agency_outlet_of_many() -> None:
    outlets = [
        None,
        "",
        "Reuters",
        "The Associated Press",
        "AP News",
        "PA",
        "The Harbor Sentinel",
        "reuters.com",
        "ＡＰ",
    ]
    hosts = [
        "apnews.com",
        "edition.CNN.com",
        "fakereuters.com",
        "harbor.example",
        "u:p@ap.org",
        "@ap.org",
        "ap.org.:80",
    ]
    hosts += ["a" * 249 + ".ap.orgx", "\u212ayodonews.net"]
    urls = [None, "", "x", "//reuters.com", "http:/apnews.com", "see https://apnews.com", "/a//ap.org"]
    urls += [
        f"{lead}{host}{path}"
        for host in hosts
        for lead in ("https://", "//", " ftp://")
        for path in ("", "/x", "?q=/y")
    ]
    urls += [
        " " * 1980 + "https://ap.org/" + "x" * 100,
        " " * 1985 + "https://ap.orgs/",
        " " * 1987 + "https://ap.org/",
    ]
    pairs = [(outlet, url) for outlet in outlets for url in urls]
    columns = [pa.array([pair[i] for pair in pairs], pa.string()) for i in (0, 1)]
    own = [is_agency_outlet(*pair) for pair in pairs]
    assert agency_outlets(*columns).tolist() == own
    chunked = [pa.chunked_array([column.slice(0, 50), column.slice(50)]) for column in columns]
    assert agency_outlets(*chunked).tolist() == own
    assert agency_outlets(columns[0].dictionary_encode(), chunked[1]).tolist() == own
    assert agency_outlets(columns[0].slice(3, 99), columns[1].slice(3, 99)).tolist() == own[3:102]
    assert agency_outlets(pa.array([], pa.string()), pa.array([], pa.string())).tolist() == []
    with pytest.raises(ValueError, match="1 outlets, but 2 URLs"):
        agency_outlets(pa.array(["x"]), pa.array(["y", "z"]))
