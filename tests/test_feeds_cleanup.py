"""Titles and texts cleaned of what other programs did to them: what is certain, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.feeds import read_feed
from dedup.feeds.clean.clean_text import (
    ENTITIES,
    HYPHENS,
    INVISIBLE,
    LINE_ENDS,
    MOJIBAKE,
    TAGS,
    clean_text,
)
from dedup.feeds.clean.cleaner import Cleaner
from dedup.feeds.clean.dirt import dirty_rows


def misread(text: str, times: int = 1) -> str:
    """UTF-8 that a program took for Windows-1252 (for Latin-1 where that has no character)."""
    for _ in range(times):
        text = "".join(
            bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
            for byte in text.encode()
        )
    return text


CLEANED = [
    # entities
    ("Lamp &amp; boat", "Lamp & boat", {ENTITIES}),
    ("Keeper&#8217;s lamp", "Keeper’s lamp", {ENTITIES}),
    ("Keeper&#x2019;s lamp &hellip;", "Keeper’s lamp …", {ENTITIES}),
    ("&quot;Lamp&quot; &apos;found&apos;", "\"Lamp\" 'found'", {ENTITIES}),
    ("Caf&eacute;&nbsp;opens", "Café\xa0opens", {ENTITIES}),
    ("Lamp &amp;amp; boat &amp;#39;s", "Lamp & boat 's", {ENTITIES}),
    ("&#146;Tis the lamp", "’Tis the lamp", {ENTITIES}),
    ("&amp;" + "amp;" * 5000 + " boat", "& boat", {ENTITIES}),
    ("&#0000038; &#169;", "& ©", {ENTITIES}),
    # tags
    ("<p>The lamp.</p>\n<p>The boat.</p>", "The lamp.\n\nThe boat.", {TAGS}),
    ("The <b>lamp</b> was blue", "The lamp was blue", {TAGS}),
    ("&lt;p&gt;The lamp.&lt;/p&gt;", "The lamp.", {ENTITIES, TAGS}),
    ('<img src="x.jpg">The lamp', "The lamp", {TAGS}),
    ("The lamp was blue.<br>The boat was not.", "The lamp was blue.\n\nThe boat was not.", {TAGS}),
    ("The lamp <br /><br />The boat", "The lamp\n\nThe boat", {TAGS}),
    ("&amp;lt;p&amp;gt;The lamp.&amp;lt;/p&amp;gt;", "The lamp.", {ENTITIES, TAGS}),
    # escaped tags inside real tags, or in a sentence, are text
    (
        "<p>Put a &lt;script&gt; tag into the head.</p><p>Second paragraph.</p>",
        "Put a <script> tag into the head.\n\nSecond paragraph.",
        {TAGS},
    ),
    ("<p>Write &lt;b&gt;lamp&lt;/b&gt;.</p>", "Write <b>lamp</b>.", {TAGS}),
    ("<p>Write &amp;lt; for it.</p>", "Write &lt; for it.", {TAGS}),
    ("Wrap it in &lt;b&gt;bold&lt;/b&gt; please", "Wrap it in <b>bold</b> please", {ENTITIES}),
    ("&lt;script&gt; goes last", "<script> goes last", {ENTITIES}),
    # mojibake
    (misread("The keeper’s “blue” lamp — café"), "The keeper’s “blue” lamp — café", {MOJIBAKE}),
    (misread("The keeper’s lamp", 2), "The keeper’s lamp", {MOJIBAKE}),
    ("The keeper’s lamp".encode().decode("latin-1"), "The keeper’s lamp", {MOJIBAKE}),
    ("The keeper\x92s \x93blue\x94 lamp", "The keeper’s “blue” lamp", {MOJIBAKE}),
    ("“Quoted right”\n" + misread("wrong: São Tomé"), "“Quoted right”\nwrong: São Tomé", {MOJIBAKE}),
    # invisible characters
    ("light\u00adhouse", "lighthouse", {INVISIBLE}),
    ("\ufeffLamp\u200b found\u2060", "Lamp found", {INVISIBLE}),
    ("lamp\u200dlight \u200cboat", "lamplight boat", {INVISIBLE}),
    # line ends
    ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour", {LINE_ENDS}),
    # hyphens
    ("The light-\nhouse. A lighthouse stood.", "The lighthouse. A lighthouse stood.", {HYPHENS}),
    ("The light-\r\n  house. A Lighthouse.", "The lighthouse. A Lighthouse.", {HYPHENS, LINE_ENDS}),
]

LEFT_ALONE = [
    *("ß€ and Ü€", "CSS"),
    *("AT&T; wins", "Q&A", "R&D; P&L", "x &or; y", "a&b;c", "?a=1&copy=2", "&;", "&#;", "&#0;", "&#xD800;"),
    *("&#99999999;", "fish &amp chips", "A < B and C > D", "<3", "Use the <div> tag", "if x <y and y> z"),
    *("Type <br> to break a line", "Use <p> and <p> for paragraphs", "Use <p> and </p> for a paragraph"),
    *('Write "<br>" or <br/>, not <hr>.', "The string 'Ã¤' is mojibake", "“â€™” is what ’ becomes"),
    *("<jane@example.org> wrote", "the <b> key", "<unknown>x</unknown>"),
    *(
        "“CAFÉ” – São Paulo",
        "É”",
        "Ñ»",
        "‘Â’",
        "Ä‘",
        "voilà",
        "naïve",
        "Übergröße…",
        "Москва — Київ",
        "日本語",
    ),
    *(
        "l\ufffdmp",
        "می\u200cخواهم",
        "क्\u200dष",
        "👨\u200d👩\u200d👧",
        "ภาษา\u200bไทย",
        "\u200fשלום\u200e (a)",
    ),
    *(
        "so-\ncalled and called",
        "light-\nhouse",
        "Light-\nhouse. A lighthouse.",
        "light-\n\nhouse lighthouse",
    ),
    *("light-\nhouse, a lighthouse, a light-house", "twenty-\n4 twenty4", "co-\noperate-\nd cooperate"),
    *("plain text", "", "one\n\ntwo"),
]


def shown(value: object) -> str:
    return str(sorted(value) if isinstance(value, set) else value)[:30]


@pytest.mark.parametrize(("text", "cleaned", "kinds"), CLEANED, ids=shown)
def test_what_is_certain_is_mended(text: str, cleaned: str, kinds: set[str]) -> None:
    assert clean_text(text) == (cleaned, kinds)


@pytest.mark.parametrize("text", LEFT_ALONE, ids=lambda text: repr(text)[:30])
def test_what_could_be_meant_is_left_alone(text: str) -> None:
    assert clean_text(text) == (text, frozenset())


piece = st.sampled_from(
    [
        *(
            "&",
            "amp;",
            "&amp;",
            "lt;",
            "#38;",
            "&#",
            "x26;",
            ";",
            "<",
            ">",
            "p>",
            "</p>",
            "<b>",
            "</b>",
            "<br>",
        ),
        *("\r", "\n", "-\n", "a", "light", "house", " ", "é", "’", "\u00ad", "\u200b", "\u200d", "\ufeff"),
        *("\x92", "\xa0", "Ã", "â€™", "Â", "\u2028", "ی", "👨", "\ufffd", "ƒ", "É”", "&nbsp;", "AT&T;"),
    ]
)
dirt = st.lists(piece, max_size=14).map("".join) | st.text(
    st.characters(exclude_categories=("Cs",)), max_size=60
)


@given(dirt | dirt.map(misread) | dirt.map(lambda text: misread(text, 2)))
@example("&" + "amp;" * 30)
@example("<p>a<p>b&lt;b&gt;c&lt;/b&gt;")
@settings(deadline=None, max_examples=400)
def test_cleaning_what_is_clean_changes_nothing(text: str) -> None:
    cleaned, kinds = clean_text(text)
    # What was escaped is text now, though it looks like markup; without any it is clean for good.
    if not kinds & {ENTITIES, TAGS} or not ("<" in cleaned or "&" in cleaned):
        assert clean_text(cleaned) == (cleaned, frozenset())
    assert clean_text(cleaned, already_text=True) == (cleaned, frozenset())
    assert bool(kinds) == (cleaned != text)
    assert len(cleaned) <= len(text)


@given(st.lists(dirt | dirt.map(misread) | st.none(), max_size=12), st.integers(0, 3))
@settings(deadline=None, max_examples=300)
def test_the_scan_passes_over_nothing_that_would_change(values: list[str | None], cut: int) -> None:
    padded = [None if value is None else "x" * 40 + value for value in values]
    for column in (pa.array(values, pa.string()), pa.array(padded, pa.string())):
        some = column[cut:]
        found = set(dirty_rows(some).tolist())
        needed = {
            row
            for row, value in enumerate(some.to_pylist())
            if value is not None and clean_text(value)[0] != value
        }
        assert needed <= found


WESTERN = (
    *("café", "garçon", "élève", "über", "schön", "müde", "niño", "años", "ação", "não", "søster", "på"),
    *("där", "l’été", "d’où", "Zürich", "lamp"),
)
MARKED = st.sampled_from(["{}", "“{}”", "‘{}’", "{}…", "{} —", "{},", "{}."])


# Words, and marks where marks stand: letters thrown together may look misread themselves, and are then left.
@given(st.lists(st.tuples(MARKED, st.sampled_from(WESTERN)), max_size=12), st.integers(1, 2))
@settings(deadline=None, max_examples=150)
def test_western_text_that_was_misread_comes_back(words: list[tuple[str, str]], times: int) -> None:
    line = " ".join(["The keeper’s “blue” lamp:", *(mark.format(word) for mark, word in words)])
    assert clean_text(line)[0] == line
    assert clean_text(misread(line, times))[0] == line


def test_a_column_is_cleaned_where_it_needs_it_and_keeps_what_it_was() -> None:
    column = pa.array(["plain", "a &amp; b", None, "<br>", "c\u00add"], pa.string())
    cleaner = Cleaner()
    cleaned, originals = cleaner.clean("title", column)
    assert cleaned.to_pylist() == ["plain", "a & b", None, None, "cd"]
    assert originals.to_pylist() == [None, "a &amp; b", None, "<br>", "c\u00add"]
    assert cleaner.note() == (
        "cleaned 3 titles (entities decoded in 1, tags removed in 1, invisible characters removed in 1); "
        "the originals are kept"
    )


def test_a_clean_column_is_handed_on_as_it_is() -> None:
    column = pa.array(["plain — “quoted”", None, "AT&T wins", "a < b"], pa.string())
    cleaner = Cleaner()
    cleaned, originals = cleaner.clean("text", column)
    assert cleaned is column
    assert originals.null_count == len(column)
    assert cleaner.note() is None


def feed_of(path: Path, *records: dict[str, str]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_a_feed_is_cleaned_alike_in_any_batches(tmp_path: Path, batch_size: int) -> None:
    records = [{"title": f"Lamp &amp; boat {k}", "text": "plain", "author": "Jos&eacute;"} for k in range(5)]
    feed = read_feed(feed_of(tmp_path / "a.jsonl", *records), batch_size=batch_size)
    table = feed.to_table()
    assert table["title"].to_pylist() == [f"Lamp & boat {k}" for k in range(5)]
    assert table["original_title"].to_pylist() == [record["title"] for record in records]
    assert table["byline"].to_pylist() == ["José"] * 5
    assert table["original_text"].null_count == 5
    assert "cleaned 5 titles (entities decoded in 5), 5 bylines (entities decoded in 5)" in feed.notes[-1]


def test_without_cleaning_a_feed_is_taken_as_it_is(tmp_path: Path) -> None:
    feed = read_feed(feed_of(tmp_path / "a.jsonl", {"title": "Lamp &amp; boat"}), clean=False)
    assert feed.to_table()["title"].to_pylist() == ["Lamp &amp; boat"]
    assert len(feed.notes) == 1


def test_an_article_of_nothing_but_markup_is_rejected(tmp_path: Path) -> None:
    feed = read_feed(feed_of(tmp_path / "a.jsonl", {"title": "<br>"}, {"title": "A lamp"}))
    assert feed.to_table()["title"].to_pylist() == ["A lamp"]
    assert [one.reason for one in feed.rejects] == ["no title and no text"]


def test_hyphens_of_made_texts_are_joined_precisely() -> None:
    """Every word of a text broken at a hyphen: what is joined is right, compounds survive."""
    words = ["lighthouse", "keeper", "harbour", "blue", "morning", "lantern"]
    words += ["so-called", "well-known", "co-operation"]
    text = " ".join(words)
    joined = kept = 0
    for word in words:
        if "-" in word:
            first, second = word.split("-")
            broken = f"{text}. The {first}-\n{second} thing"
            assert clean_text(broken)[0] == broken
            kept += 1
        else:
            for cut in range(2, len(word) - 1):
                broken = f"{text}. The {word[:cut]}-\n{word[cut:]} thing"
                assert clean_text(broken)[0] == f"{text}. The {word} thing"
                joined += 1
    assert (joined, kept) == (23, 3)


@pytest.mark.parametrize(
    "piece", ["&amp;", "<b", "<!--", "&#", "Ã©", "\u200d", "a-\n", "&lt;p&gt;", "<p>", "\x92"]
)
def test_a_long_value_takes_no_longer_than_its_length(piece: str) -> None:
    clean_text(piece * (400_000 // len(piece)))  # quadratic time would take minutes
