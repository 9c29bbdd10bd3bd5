"""The HTML report as a file: one piece, no way out of it, and whatever a feed says stays text."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from dedup.index.index import Index
from dedup.report.html import texts
from dedup.report.html.details import aligned
from dedup.report.html.page import HtmlOptions, write_html
from dedup.report.html.texts import readable
from tests.commands import Command, one_error
from tests.pages import made_report

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
HOSTILE = [
    "</script><script>document.title = 'run'</script>",
    "<img src=x onerror=\"document.title = 'run'\">",
    "<!-- --> ]]> <!-- data --> <!-- details --> &lt;b&gt; ' \" `${1}`",
    "\u202egnp.exe\u202c \u2066inner\u2069 \x1b[31mred\x00",
]


class Parsed(HTMLParser):
    """What a browser would see: elements with their attributes and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(("", {}, []))  # what follows is not in it

    def handle_data(self, data: str) -> None:
        if self.elements:
            self.elements[-1][2].append(data)

    def of(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, "".join(text)) for name, attrs, text in self.elements if name == tag]

    def block(self, name: str) -> Any:
        (packed,) = [text for attrs, text in self.of("script") if attrs.get("id") == name]
        return json.loads(zlib.decompress(base64.b64decode(packed)))


def page_of(clusters: Any, text: str = "excerpt", name: str = "feed.jsonl") -> str:
    report, source = made_report(clusters)
    file = io.BytesIO()
    written = write_html(report, source, file, HtmlOptions(name, text))
    assert written.size == len(file.getvalue())
    return file.getvalue().decode()


PAIR = [
    {"text": "One two three four.", "title": "Old"},
    {"text": "One two 3 four.", "title": "New", "lag_s": 60},
]


def test_the_policy_names_the_one_script_and_the_one_style_sheet_and_allows_nothing_else():
    page = Parsed(page_of([PAIR]))
    (policy,) = [
        attrs["content"]
        for attrs, _ in page.of("meta")
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    allowed = dict(part.split(" ", 1) for part in str(policy).split("; "))

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    (style,) = page.of("style")
    (script,) = [text for attrs, text in page.of("script") if "type" not in attrs]
    assert allowed == {
        "default-src": "'none'",
        "script-src": hashed(script),
        "style-src": hashed(style[1]),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    tags = [tag for tag, _, _ in page.elements]
    # It holds for what stands behind it.
    assert tags.index("meta") < tags.index("style") < tags.index("script")


def test_nothing_in_the_file_can_ask_a_network_or_run_inline():
    page = Parsed(page_of([PAIR]))
    for tag, attrs, _ in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}, tag
        assert not [name for name in attrs if name.startswith("on") or name in {"src", "srcset", "style"}], (
            attrs
        )
        assert (attrs.get("href") or "#").startswith("#"), attrs
    (script,) = [text for attrs, text in page.of("script") if "type" not in attrs]
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "fetch(",
        "XMLHttp",
    ):
        assert word not in script, word
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", script)


@pytest.mark.parametrize("said", HOSTILE)
def test_what_a_feed_says_cannot_end_a_block(said):
    member = {"title": said, "text": said, "outlet": said, "byline": said, "url": said, "article_id": said}
    plain, hostile = (Parsed(page_of([[one, one]], name=name)) for one, name in (({}, "x"), (member, said)))
    assert [tag for tag, _, _ in hostile.elements] == [tag for tag, _, _ in plain.elements]
    shown = json.dumps([hostile.block("list"), hostile.block("details-0")], ensure_ascii=False)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", shown)


def test_a_text_is_shown_by_paragraphs_without_what_acts():
    assert (
        readable(" A\thead ", "one\r\n\r\n two\u202e \x1b[2Jthree\u2028four")
        == "A head\none\ntwo three\nfour"
    )
    assert readable(None, "one\n") == "\none"
    assert readable(None, None) == ""


def test_equal_texts_stand_once_and_each_pair_is_aligned_once():
    clusters = [
        [
            {"text": "same"},
            {"text": "same", "lag_s": 5},
            {"text": "other words", "lag_s": 6},
            {"text": "same"},
        ]
    ]
    (detail,) = Parsed(page_of(clusters)).block("details-0").values()
    assert detail["texts"] == ["Story 0\nsame", "Story 0\nother words"]
    assert detail["text"] == [0, 0, 1, 0]
    assert list(detail["pairs"]) == ["0-1"]


def test_places_are_those_javascript_counts():
    left, right = (f"The 😀 quake killed {n} people in the western hills of Velmara" for n in (6, 17))
    flat = aligned(left, right)["segments"]
    utf16 = [text.encode("utf-16-le") for text in (left, right)]
    spans = [flat[at : at + 5] for at in range(0, len(flat), 5)]
    (changed,) = [span for span in spans if span[0] == 5]
    places = zip(utf16, changed[1::2], changed[2::2], strict=True)
    assert [data[2 * a : 2 * b].decode("utf-16-le").strip() for data, a, b in places] == ["6", "17"]
    assert [span[2] for span in spans[:-1]] == [span[1] for span in spans[1:]]
    assert spans[-1][2] == len(left) + 1  # one emoji, two units


def test_the_weakest_edge_is_the_least_score_with_the_core():
    scores = [1.0, 0.9, 0.61, 0.7]
    cluster = [{"score": score, "lag_s": at, "text": f"words {at}"} for at, score in enumerate(scores)]
    found = Parsed(page_of([cluster])).block("list")["clusters"]
    assert (found["core"], found["weakest"], found["weakest_score"]) == ([0], [2], [6100])


def test_columns_the_page_does_not_know_are_shown_all_the_same():
    from dedup.report.html.columns import detail_fields

    report, _ = made_report([PAIR])
    wider = report.members.append_column("credit_tier", report.members["outlet"])
    assert "credit_tier" in detail_fields(wider)
    assert "title" not in detail_fields(wider)


def test_long_texts_and_large_clusters_are_bounded_and_that_is_said(monkeypatch):
    monkeypatch.setattr(texts, "MOST_MEMBERS", 3)
    monkeypatch.setattr(texts, "EXCERPT", 40)
    cluster = [{"text": f"{n} " + "word " * 50, "lag_s": n, "score": 0.9 - n / 100} for n in range(6)]
    page = Parsed(page_of([cluster]))
    about, (detail,) = page.block("list")["about"], page.block("details-0").values()
    # The weakest member is the sixth: its text is there, for its edge can be looked at.
    assert [number >= 0 for number in detail["text"]] == [True, True, True, False, False, True]
    assert {len(text) for text in detail["texts"]} == {40}
    assert about["left_out"] == {"shortened": 4, "members": 2}
    whole = Parsed(page_of([cluster], text="all"))
    assert whole.block("list")["about"]["left_out"] == {"shortened": 0, "members": 0}
    none = Parsed(page_of([cluster], text="none"))
    (bare,) = none.block("details-0").values()
    assert (bare["texts"], bare["pairs"]) == ([], {})


def test_a_file_of_bounded_size_keeps_the_texts_of_the_first_clusters(monkeypatch):
    monkeypatch.setattr(texts, "MOST_BYTES", 250)
    clusters = [
        [{"text": f"{n} " + "word " * 8}, {"text": f"{n} " + "word " * 8, "lag_s": 1}] for n in range(4)
    ]
    page = Parsed(page_of(clusters))
    held = [any(number >= 0 for number in detail["text"]) for detail in page.block("details-0").values()]
    assert held == [True, True, False, False]
    assert page.block("list")["about"]["left_out"]["members"] == 4


def test_texts_beyond_the_bound_are_not_read(monkeypatch):
    monkeypatch.setattr(texts, "MOST_BYTES", 250)
    clusters = [
        [{"text": f"{n} " + "word " * 8}, {"text": f"{n} " + "word " * 8, "lag_s": 1}] for n in range(9)
    ]
    together = page_of(clusters)
    asked: list[int] = []
    read = texts.TextShelf._read

    def counting(self, source, members, rows, choice):
        asked.extend(rows.tolist())
        read(self, source, members, rows, choice)

    monkeypatch.setattr(texts, "_ROUND", 3)
    monkeypatch.setattr(texts.TextShelf, "_read", counting)
    assert page_of(clusters) == together
    assert asked == list(range(8))  # two clusters at a time; of the second two there is no room for both


def test_the_command_writes_the_page_of_an_index_and_of_its_feed_alike(dedup: Command, tmp_path):
    feed = SAMPLES / "headlines.csv"
    done = dedup("clusters", feed, "-o", tmp_path / "feed.html")
    assert (done.returncode, done.stdout) == (0, "")
    size = (tmp_path / "feed.html").stat().st_size
    assert f"feed.html: {size / 1e6:.1f} MB" in done.stderr
    dedup("index", feed, "-i", tmp_path / "headlines.csv.dedup")
    dedup("clusters", tmp_path / "headlines.csv.dedup", "--format", "html", "-o", tmp_path / "index.html")
    again = dedup("clusters", tmp_path / "headlines.csv.dedup", "--format", "html", "--threads", "1")
    pages = [(tmp_path / name).read_text() for name in ("feed.html", "index.html")]
    assert again.stdout == pages[1]
    blocks = [Parsed(page).block("list") for page in pages]
    assert blocks[0].pop("about")["name"] == "headlines.csv"
    assert blocks[1].pop("about")["name"] == "headlines.csv.dedup"
    assert blocks[0] == blocks[1]
    assert int(Parsed(pages[0]).of("script")[-1][1]) == size


def test_filters_of_the_command_hold_for_the_page(dedup: Command, tmp_path):
    done = dedup(
        "clusters", SAMPLES / "feed.jsonl", "--relation", "cut", "--top", "3", "-o", tmp_path / "r.html"
    )
    assert done.returncode == 0, done.stderr
    data = Parsed((tmp_path / "r.html").read_text()).block("list")
    assert len(data["clusters"]["id"]) == 3
    kinds = [data["kinds"][kind] for kind in data["members"]["kind"]]
    assert set(kinds) == {"canonical", "cut"}


def test_a_page_without_clusters_is_a_page(dedup: Command, tmp_path):
    (tmp_path / "one.jsonl").write_text('{"title": "Alone", "text": "Nothing else is like this."}\n')
    done = dedup("clusters", tmp_path / "one.jsonl", "-o", tmp_path / "one.html")
    assert done.returncode == 0, done.stderr
    assert Parsed((tmp_path / "one.html").read_text()).block("list")["clusters"]["id"] == []


def test_a_page_that_cannot_be_written_leaves_the_old_one(dedup: Command, tmp_path):
    one_error(dedup("clusters", SAMPLES / "headlines.csv", "-o", tmp_path / "no" / "r.html"), "no folder")
    one_error(dedup("query", SAMPLES / "headlines.csv", "-i", tmp_path, "-o", tmp_path / "q.html"), "q.html")


def test_texts_and_scores_are_those_of_the_members_whose_outlets_number_alike():
    records = [
        {
            "id": "1",
            "outlet": outlet,
            "title": f"{outlet} says",
            "text": f"{outlet} " + " ".join(f"w{n}" for n in range(80)),
        }
        for outlet in ("North", "South", "East")
    ]
    records += [
        {"outlet": "West", "title": "West says", "text": "West " + " ".join(f"w{n}" for n in range(80))}
    ]
    with Index.temporary() as index:
        index.add(records)
        report, source = index.report_and_source()
        assert report.members.num_rows == 4
        outlets = report.members["outlet"].to_pylist()
        found = {}
        for rows, table in source.texts(report.members):
            found |= {
                outlets[row]: text for row, text in zip(rows.tolist(), table["text"].to_pylist(), strict=True)
            }
        assert {outlet: text.split()[0] for outlet, text in found.items()} == {name: name for name in outlets}
        ties = source.ties(report.members)
        assert ties.core.sum() == 1
        assert (ties.score >= source.threshold).all()
        assert source.outlets() == {"North": 1, "South": 1, "East": 1, "West": 1}


def test_headlines_are_compared_with_headlines_and_bodies_with_bodies():
    left, right = (
        readable("Quake kills six", "A quake killed six in Velmara."),
        readable(None, "Quake kills six"),
    )
    flat = aligned(left, right)["segments"]
    spans = [
        (flat[at], left[slice(*flat[at + 1 : at + 3])], right[slice(*flat[at + 3 : at + 5])])
        for at in range(0, len(flat), 5)
    ]
    assert "".join(span[1] for span in spans) == left
    assert "".join(span[2] for span in spans) == right
    assert not [span for span in spans if "Quake" in span[1] and "Quake" in span[2]]
