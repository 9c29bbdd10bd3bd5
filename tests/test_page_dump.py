"""Page dumps: one article and the headlines its page lists, known by structure alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dedup.errors import FeedError
from dedup.feeds import Feed, read_feed

DATA = Path(__file__).parent / "data" / "feeds"
SAMPLES = Path(__file__).parents[1] / "samples"
EXPECTED = SAMPLES / "pages" / "expected.json"
SAMPLE_PAGES: dict[str, dict[str, Any]] = (
    json.loads(EXPECTED.read_text(encoding="utf-8")) if EXPECTED.exists() else {}
)


def page_of(tmp_path: Path, text: str) -> Feed:
    path = tmp_path / "page.txt"
    path.write_text(text, encoding="utf-8")
    return read_feed(path)


def _utc(moment: Any) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("name", SAMPLE_PAGES)
def test_each_sample_page_gives_what_stands_on_it(name: str) -> None:
    expected = SAMPLE_PAGES[name]
    main, *listed = read_feed(SAMPLES / name).to_table().to_pylist()
    for field in ("title", "place", "credit", "outlet", "byline"):
        assert main[field] == expected[field], field
    assert _utc(main["published"]) == expected["published"]
    assert _utc(main["updated"]) == expected["updated"]
    assert main["text"].startswith(expected["body_starts"])
    assert main["text"].endswith(expected["body_ends"])
    assert len(main["text"].split("\n\n")) == expected["body_paragraphs"]
    assert [row["title"] for row in listed] == expected["headlines"]
    for row in listed:
        assert (row["text"], row["published"], row["id"], row["url"]) == (None, None, None, None)
        assert row["outlet"] == expected["outlet"]


@pytest.mark.gold
def test_the_real_page_gives_its_article_and_eight_headlines() -> None:
    if "DEDUP_GOLD_DIR" not in os.environ:
        pytest.skip("DEDUP_GOLD_DIR is not set: the real page is not here")
    path = Path(os.environ["DEDUP_GOLD_DIR"]) / "feeds" / "page_dump.txt"
    feed = read_feed(path)
    main, *listed = feed.to_table().to_pylist()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert main["title"] == lines[main["line"] - 1]
    assert len(main["text"].split("\n\n")) == 3
    assert _utc(main["published"]) == "2024-11-25T07:31:00Z"
    assert _utc(main["updated"]) == "2024-11-25T07:59:00Z"
    assert (main["place"], main["credit"]) == ("Beijing", "With inputs from agencies")
    titles = [row["title"] for row in listed]
    assert len(titles) == len(set(titles)) == 8
    assert "Gunfire Erupts Near Israeli Embassy in Amman" in titles
    assert "Gunfire Sparks Security Response Near Israeli Embassy in Amman" in titles
    assert main["title"] not in titles
    assert all(lines[row["line"] - 1].strip() == row["title"] for row in listed)
    assert feed.rejects == []


def test_a_wrapped_page_with_stamps_below_the_text() -> None:
    main, *listed = read_feed(DATA / "page_wrapped.txt").to_table().to_pylist()
    assert main["title"] == "Dam at Upper Tarn passes first full load since repair, engineers say"
    assert _utc(main["published"]) == "2025-03-10T18:40:00Z"
    assert _utc(main["updated"]) == "2025-03-11T06:05:00Z"
    assert (main["byline"], main["place"]) == ("Ottilie Brandt", "TARNFIELD")
    assert (main["credit"], main["outlet"]) == ("Norline", "Tarn Observer")
    assert main["text"].startswith(
        "TARNFIELD, March 10 (Norline) - Four teams of surveyors measured the wall at dawn"
    )
    assert main["text"].endswith("from the first of June, the board said.")
    assert "Also read" not in main["text"]
    assert "width of a pencil line" not in main["text"]
    assert [row["title"] for row in listed] == [
        "Ice swimmers of the upper valley demand warmer changing rooms at Lake Ennis",
        "Teacher wins prize for map of every puddle in town",
        "Is this the oldest bus stop in the country?",
        "The night the old mill wheel turned by itself",
    ]


def test_a_page_in_chinese() -> None:
    main, *listed = read_feed(DATA / "page_cjk.txt").to_table().to_pylist()
    assert main["title"] == "湖边小镇三年后重新开放木桥"
    assert main["text"].count("\n\n") == 2
    assert _utc(main["published"]) == "2025-03-06T08:20:00Z"
    assert main["outlet"] == "北湖晚报"
    assert [row["title"] for row in listed] == [
        "山村图书馆收到匿名捐赠的八千册图书",
        "渔民在湖底发现一百年前的铜钟",
        "城北公交线路下周一起调整",
    ]


def test_a_front_page_is_its_headlines() -> None:
    feed = read_feed(DATA / "page_front.txt")
    rows = feed.to_table().to_pylist()
    assert [row["title"] for row in rows] == [
        "Seilbahn am Kornberg steht nach Blitzschlag still",
        "Bäckerin aus Altensand erfindet Brot ohne Kruste",
        "Warum der Leuchtturm jetzt rückwärts blinkt",
        "Zwei Ziegen stoppen Regionalzug bei Mühlau",
        "14-Jähriger repariert Kirchenuhr mit Fahrradkette",
    ]
    assert all(row["text"] is None and row["outlet"] == "Hafenblatt" for row in rows)
    assert feed.notes[0].endswith("page dump, utf-8, 0 articles and 5 listed headlines")


ARTICLE = """\
Two goats stop a regional train for the third time this week

By Ines Karrow
Published: 3 March 2025 14:10 GMT

The train from Lenn to Altmoor stood in a meadow for forty minutes because two goats would not move.

The driver sounded the horn and at last offered an apple, which one of the animals accepted.

The line has asked the farmer to mend his fence, and the farmer wants quieter trains.
"""


@pytest.mark.parametrize(
    "line",
    [
        *(
            "World News",
            "Azerbaijan",
            "HOME / WORLD / ASIA",
            "LinkedIn Quora Youtube RSS",
            "Sign up for our newsletter",
        ),
        *(
            "Share on Facebook and other networks",
            "12 comments on this story",
            "Photo: Ann Bo / Norline Pictures",
        ),
        *(
            "All rights reserved by the publisher",
            "Two goats stop a regional train for the third time this week",
        ),
        *(
            "Log in to leave a comment",
            "You may also like these stories",
            "Most read in local news",
            "3 min read",
        ),
        *(
            "Home | World | Business | More",
            "Terms of Use and Privacy Policy",
            "Call us: +44 20 7946 0000 today please",
        ),
        *(
            "desk@bulletin.example for questions and corrections",
            "THE BULLETIN OF LENN AND ALTMOOR",
            "2 hours ago in Lenn",
        ),
        "Get our morning briefing newsletter every day",
        "The bulletin has been printed in Lenn since 1911 and is read by everyone.",
    ],
)
def test_what_is_no_headline_is_not_listed(tmp_path: Path, line: str) -> None:
    feed = page_of(tmp_path, f"{ARTICLE}\nTRENDING\n\n1\nLamp found at the bottom of the lake\n\n{line}\n")
    titles = feed.to_table()["title"].to_pylist()
    assert titles[1:] == ["Lamp found at the bottom of the lake"]


@pytest.mark.parametrize(
    "line",
    [
        *(
            "1. Boat gone from harbour overnight",
            "• Boat gone from harbour overnight",
            "#1 Boat gone from harbour overnight",
        ),
        *(
            "10:52 Boat gone from harbour overnight",
            "- Boat gone from harbour overnight",
            "1) Boat gone from harbour overnight",
        ),
        *(
            "[Boat gone from harbour overnight](https://b.example/1)",
            "Boat gone from harbour overnight - 2 hours ago",
        ),
        *("BREAKING: Boat gone from harbour overnight", "  Boat gone from harbour overnight  "),
    ],
)
def test_a_listed_headline_is_found_whatever_marks_it(tmp_path: Path, line: str) -> None:
    feed = page_of(tmp_path, f"{ARTICLE}\nMost read\n\n{line}\n")
    assert feed.to_table()["title"].to_pylist()[1:] == ["Boat gone from harbour overnight"]


def test_equal_headlines_are_one_whatever_case_and_space(tmp_path: Path) -> None:
    title = "Boat gone from harbour overnight"
    lists = f"LATEST\n{title}\n{title.title().replace(' ', '  ')}\n\nMORE\n1. {title}\n"
    feed = page_of(tmp_path, f"{ARTICLE}\n{lists}")
    assert feed.to_table().num_rows == 2


def test_comments_are_no_headlines(tmp_path: Path) -> None:
    feed = page_of(
        tmp_path, f"{ARTICLE}\nComments (2)\nGreat story about the goats\nMy train is never late here\n"
    )
    assert feed.to_table().num_rows == 1


def test_body_ends_at_the_credit_and_furniture_inside_is_left_out(tmp_path: Path) -> None:
    text = ARTICLE.replace("The driver", "ADVERTISEMENT\n\nImage credit: Ann Bo\n\nThe driver")
    feed = page_of(
        tmp_path,
        text
        + "\n(With inputs from Norline)\n\nThe goats were fed afterwards, according to the vet of Lenn.\n",
    )
    main = feed.to_table().to_pylist()[0]
    assert main["text"].count("\n\n") == 2
    assert main["credit"] == "With inputs from Norline"
    assert "ADVERTISEMENT" not in main["text"]
    assert "fed afterwards" not in main["text"]


@pytest.mark.parametrize(
    "text",
    [
        "Dear Ann,\n\nthank you for the goats. They have eaten the hedge, the hose and my best hat.\n",
        "Chapter One\n\n" + "It was a quiet evening in Lenn, and nobody thought of the goats any more. " * 40,
        "apples\npears\nplums\n",
        "x = 1\nfor y in range(x):\n    print(y)\n",
    ],
    ids=["letter", "novel", "list", "code"],
)
def test_any_other_text_is_no_page(tmp_path: Path, text: str) -> None:
    with pytest.raises(FeedError, match="not a feed I can read"):
        list(page_of(tmp_path, text))


def test_a_named_format_overrules_the_doubt_and_says_when_there_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(ARTICLE.split("By Ines")[0] + ARTICLE.split("GMT\n")[1], encoding="utf-8")
    assert read_feed(path, format="page").to_table().num_rows == 1
    path.write_text("apples\npears\n", encoding="utf-8")
    with pytest.raises(FeedError, match="structure of a news page not found"):
        list(read_feed(path, format="page"))
