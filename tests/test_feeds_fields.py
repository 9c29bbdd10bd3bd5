"""Which column is which field: guessed by name, said with --map, and told when it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dedup.errors import FeedError, SettingsError
from dedup.feeds import Feed, FieldMap, parse_map, read_feed
from dedup.feeds.fields.field_names import FIELD_NAMES


def test_map_takes_aliases_spaces_and_quoted_names() -> None:
    assert parse_map(' title=Headline, source = Source ,date="Date, local",text=article.body') == {
        "title": "Headline",
        "outlet": "Source",
        "published": "Date, local",
        "text": "article.body",
    }


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("headlin=Headline", ["unknown field 'headlin'"]),
        ("title", ["'title' has no '='"]),
        ("title=", ["'title' is given no column"]),
        ("text=a,body=b", ["text is given twice ('a' and 'b')"]),
        ("foo=1,bar,title=", ["unknown field 'foo'", "'bar' has no '='", "'title' is given no column"]),
        ("", ["names no field"]),
        (" , ", ["names no field"]),
    ],
)
def test_every_mistake_in_a_map_is_listed_with_the_names_allowed(text: str, mistakes: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_map(text)
    said = str(caught.value)
    assert all(mistake in said for mistake in mistakes)
    assert all(name in said for name in FIELD_NAMES)
    assert "\n" not in said


@pytest.mark.parametrize(
    ("column", "field"),
    [
        *[(name, "title") for name in ("title", "Headline", "HEAD", "article_title")],
        *[(name, "text") for name in ("text", "Body", "content", "articleBody", "full_text", "Full Text")],
        *[(name, "outlet") for name in ("source", "Publisher", "hostname", "site", "domain", "publication")],
        *[(name, "url") for name in ("link", "URL", "href")],
        *[(name, "published") for name in ("pubDate", "Publication Date", "date_published", "timestamp")],
        *[(name, "updated") for name in ("modified", "dateModified", "Last Updated")],
        *[(name, "byline") for name in ("author", "Authors", "BYLINE")],
        *[(name, "id") for name in ("guid", "UUID", "article-id")],
        *[(name, "language") for name in ("lang", "Language")],
        *[(name, "credit") for name in ("agency", "Credit Line")],
        *[(name, "place") for name in ("dateline", "Location")],
    ],
)
def test_common_names_are_guessed_whatever_their_case_and_separators(column: str, field: str) -> None:
    columns = [column] if field in ("title", "text") else ["title", column]
    assert FieldMap.resolve("f", columns, [dict.fromkeys(columns, "x")], {}).columns[field] == column


def test_of_two_likely_columns_the_first_that_holds_anything_wins() -> None:
    records = [{"title": "A", "text": None, "content": "full"}, {"title": "B", "text": "", "content": "full"}]
    assert FieldMap.resolve("f", ["title", "text", "content"], records, {}).columns["text"] == "content"


def test_a_column_the_user_mapped_is_not_guessed_for_another_field() -> None:
    fields = FieldMap.resolve("f", ["title", "body"], [{"title": "a", "body": "b"}], {"title": "body"})
    assert dict(fields.columns) == {"title": "body"}


def test_the_guess_is_noted_as_it_would_be_mapped(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("Headline,Source,Publication Date\nLamp found,Bulletin,2025-03-04\n", encoding="utf-8")
    heard: list[str] = []
    feed = read_feed(path, on_note=heard.append)
    list(feed)
    assert feed.notes == [
        f"{path}: csv, utf-8, outlet=Source, title=Headline, published='Publication Date'",
    ]
    assert heard == feed.notes


def test_files_alike_are_described_once(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text("title\nA lamp\nA boat\n", encoding="utf-8")
    feed = read_feed(tmp_path)
    list(feed)
    assert len(feed.notes) == 1


def test_a_mapped_column_that_is_not_there_is_an_error_naming_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text('{"kop": "Lamp found", "tekst": "It was blue."}\n', encoding="utf-8")
    with pytest.raises(FeedError, match=r"mapped column title=hed; the columns are: kop, tekst"):
        list(read_feed(path, mapping={"title": "hed"}))
    assert read_feed(path, mapping={"title": "kop"}).to_table()["title"].to_pylist() == ["Lamp found"]


def test_columns_without_a_known_name_are_an_error_that_says_how_to_map(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("kop,krant\nLamp gevonden,De Bode\nBoot weg,De Bode\n", encoding="utf-8")
    with pytest.raises(
        FeedError, match=r"columns: kop, krant\); say which one it is, for example --map title="
    ):
        list(read_feed(path))


def test_a_header_with_line_breaks_still_makes_an_error_of_one_line(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes('"kop\nkrant","dag\udce9"\na,b\nc,d\n'.encode("utf-8", "surrogateescape"))
    with pytest.raises(FeedError) as caught:
        list(read_feed(path, format="csv"))
    assert str(caught.value).isprintable()


def test_dotted_paths_reach_into_nested_json(tmp_path: Path) -> None:
    record = {"article": {"head": "Lamp found", "body": "Blue."}, "source": {"id": 3, "name": "The Bulletin"}}
    path = tmp_path / "feed.jsonl"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    row = read_feed(path, mapping=parse_map("title=article.head,text=article.body")).to_table().to_pylist()[0]
    assert (row["title"], row["text"], row["outlet"]) == ("Lamp found", "Blue.", "The Bulletin")


def test_without_an_outlet_column_the_host_of_the_url_stands_for_it(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text(
        "title,url\nA lamp,https://www.Bulletin.example:8080/x\n"
        "A boat,//me@harbour.example?y\nA cat,nowhere\n",
        encoding="utf-8",
    )
    feed = read_feed(path)
    assert feed.to_table()["outlet"].to_pylist() == ["bulletin.example", "harbour.example", None]
    assert "outlet=host of url" in feed.notes[0]


def test_an_unknown_format_name_is_an_error_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"--format-in 'docx' is no feed format; choose from: jsonl"):
        read_feed(tmp_path, format="docx")  # the folder is empty, too: whichever is told first


def test_an_unknown_field_in_the_mapping_is_a_settings_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("title\nA lamp\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="unknown field 'colour'"):
        read_feed(tmp_path, mapping={"colour": "x"})


def rows_of(
    tmp_path: Path, *records: dict[str, object], mapping: str | None = None
) -> list[dict[str, object]]:
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    found: list[dict[str, object]] = (
        read_feed(path, mapping=None if mapping is None else parse_map(mapping)).to_table().to_pylist()
    )
    return found


DUMPS = {
    "NewsAPI": {
        "source": {"id": 7, "name": "Bulletin"}, "author": "A. Bo", "title": "Lamp", "description": "teaser",
        "url": "https://b.example/1", "publishedAt": "2024-01-31T10:11:12Z", "content": "Blue.",
    },
    "WordPress REST": {
        "id": 4, "date": "2024-01-31T11:11:12", "date_gmt": "2024-01-31T10:11:12", "link": "//b.example/1",
        "title": {"rendered": "Lamp"}, "content": {"rendered": "Blue.", "protected": False},
        "excerpt": {"rendered": "teaser"},
        "_embedded": {"author": [{"id": 3, "name": "A. Bo"}]},
    },
    "WordPress export": {
        "ID": "4", "post_title": "Lamp", "post_content": "Blue.", "post_excerpt": "teaser",
        "post_author": "A. Bo",
        "post_date": "2024-01-31 11:11:12", "post_date_gmt": "2024-01-31 10:11:12", "site": "Bulletin",
    },
    "schema.org": {
        "@type": "NewsArticle", "headline": "Lamp", "articleBody": "Blue.",
        "datePublished": "2024-01-31T10:11:12Z",
        "publisher": {"@type": "Organization", "name": "Bulletin"}, "author": [{"name": "A. Bo"}],
    },
    "Guardian": {
        "webTitle": "Lamp", "webUrl": "https://b.example/1", "webPublicationDate": "2024-01-31T10:11:12Z",
        "fields": {"bodyText": "Blue.", "trailText": "teaser", "byline": "A. Bo"},
    },
    "New York Times": {
        "headline": {"main": "Lamp", "kicker": None}, "abstract": "Blue.", "web_url": "https://b.example/1",
        "pub_date": "2024-01-31T10:11:12+0000", "source": "Bulletin", "byline": {"original": "A. Bo",
        "person": []},
    },
    "Event Registry": {
        "uri": "9", "title": "Lamp", "body": "Blue.", "dateTimePub": "2024-01-31T10:11:12Z",
        "source": {"uri": "b.example", "title": "Bulletin"}, "authors": [{"name": "A. Bo", "uri": "x"}],
    },
    "Media Cloud": {
        "stories_id": 4, "title": "Lamp", "story_text": "Blue.", "publish_date": "2024-01-31T10:11:12Z",
        "media_name": "Bulletin", "author": "A. Bo",
    },
    "Common Crawl news": {
        "title": "Lamp", "maintext": "Blue.", "source_domain": "b.example", "authors": ["A. Bo"],
        "date_publish": "2024-01-31 10:11:12", "url": "https://b.example/1",
    },
    "All the News": {
        "id": 1, "title": "Lamp", "publication": "Bulletin", "author": "A. Bo", "date": "2024-01-31 10:11:12",
        "content": "Blue.",
    },
    "Dublin Core": {
        "dc:title": "Lamp", "dc:creator": "A. Bo", "dc:date": "2024-01-31T10:11:12Z",
        "dc:publisher": "Bulletin",
        "dc:description": "Blue.",
    },
    "German": {"Titel": "Lamp", "Inhalt": "Blue.", "Quelle": "Bulletin", "Datum": "2024-01-31 10:11:12",
               "Autor": "A. Bo"},
    "French": {"titre": "Lamp", "contenu": "Blue.", "journal": "Bulletin", "date": "2024-01-31 10:11:12",
               "auteur": "A. Bo"},
    "Spanish": {"Título": "Lamp", "Contenido": "Blue.", "Fuente": "Bulletin", "Fecha": "2024-01-31 10:11:12",
                "Autor": "A. Bo"},
}  # fmt: skip


@pytest.mark.parametrize("name", DUMPS)
def test_the_fields_of_common_dumps_are_guessed(tmp_path: Path, name: str) -> None:
    path = tmp_path / "feed.jsonl"
    # Two lines: the array of authors in a record is no array of articles.
    path.write_text((json.dumps(DUMPS[name]) + "\n") * 2, encoding="utf-8")
    row, _ = read_feed(path).to_table().to_pylist()
    assert (row["title"], row["text"], row["byline"]) == ("Lamp", "Blue.", "A. Bo")
    assert row["outlet"] in ("Bulletin", "b.example")
    assert str(row["published"]) == "2024-01-31 10:11:12+00:00"


def test_several_columns_are_joined(tmp_path: Path) -> None:
    records = [
        {
            "kicker": "Harbour",
            "head": "Lamp",
            "lead": "Blue.",
            "body": "It shone.",
            "day": "31.01.2024",
            "at": "10:11",
        },
        {"kicker": None, "head": "Boat", "lead": "", "body": "Gone.", "day": "31.01.2024", "at": ""},
        {"kicker": "Sea", "head": "Fog", "lead": None, "body": None, "day": None, "at": None},
    ]
    rows = rows_of(tmp_path, *records, mapping="title=kicker+head,text=lead+body,date=day+at")
    assert [row["title"] for row in rows] == ["Harbour Lamp", "Boat", "Sea Fog"]
    assert [row["text"] for row in rows] == ["Blue.\n\nIt shone.", "Gone.", None]
    assert [str(row["published"]) for row in rows] == [
        "2024-01-31 10:11:00+00:00", "2024-01-31 00:00:00+00:00", "None",
    ]  # fmt: skip


def test_the_note_shows_the_join_and_csv_reads_it_too(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("Kop,LP,TD\nLamp,Blue.,It shone.\n", encoding="utf-8")
    feed = read_feed(path, mapping=parse_map("title=Kop,text=LP+TD"))
    assert feed.to_table()["text"].to_pylist() == ["Blue.\n\nIt shone."]
    assert "text=LP+TD" in feed.notes[0]


def test_a_column_whose_name_holds_a_plus_is_itself(tmp_path: Path) -> None:
    record = {"title": "Lamp", "lead+body": "whole", "lead": "Blue.", "b+c": "more"}
    assert rows_of(tmp_path, record, mapping="text=lead+body")[0]["text"] == "whole"
    assert rows_of(tmp_path, record, mapping='text=lead+"b+c"')[0]["text"] == "Blue.\n\nmore"


def test_a_part_of_a_join_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"mapped column text=lead\+nobody; the columns are"):
        rows_of(tmp_path, {"title": "Lamp", "lead": "Blue."}, mapping="text=lead+nobody")


def test_lists_on_the_way_of_a_path_give_all_they_hold(tmp_path: Path) -> None:
    record = {"title": "Lamp", "by": {"people": [{"name": "A. Bo"}, {"name": "C. Do"}, {"x": 1}]}}
    for path in ("by.people.name", "by.people[].name"):
        assert rows_of(tmp_path, record, mapping=f"byline={path}")[0]["byline"] == "A. Bo, C. Do"


def test_where_a_record_names_no_outlet_the_host_stands_for_it(tmp_path: Path) -> None:
    records = [
        {"title": "A lamp", "source": "Bulletin", "url": "https://www.b.example/1"},
        {"title": "A boat", "source": None, "url": "https://www.h.example/1"},
        {"title": "A cat", "source": "", "url": "nowhere"},
    ]
    assert [row["outlet"] for row in rows_of(tmp_path, *records)] == ["Bulletin", "h.example", None]
    feed = read_feed(tmp_path / "feed.jsonl")
    list(feed)
    assert feed.notes[-1].endswith("1 record without an outlet: the host of the url stands for it")


@pytest.mark.parametrize("batch_size", [1, 2, 50])
def test_a_teaser_stands_in_where_a_record_has_no_text_unless_the_text_was_mapped(
    tmp_path: Path, batch_size: int
) -> None:
    records = [
        {"title": "A lamp", "content": "Blue and bright.", "description": "A teaser."},
        {"title": "A boat", "content": None, "description": "Another teaser."},
        {"title": "A cat", "content": "", "description": None},
    ]
    rows_of(tmp_path, *records)
    feed = read_feed(tmp_path / "feed.jsonl", batch_size=batch_size)
    assert feed.to_table()["text"].to_pylist() == ["Blue and bright.", "Another teaser.", None]
    assert feed.notes[-1].endswith("1 record without a text: description stands in for it")
    assert [row["text"] for row in rows_of(tmp_path, *records, mapping="text=content")] == [
        "Blue and bright.", None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "date",
    [
        {"$date": "2024-03-01T10:00:00Z"},
        {"$date": 1709287200000},
        {"$date": {"$numberLong": "1709287200000"}},
        {"$numberLong": "1709287200"},
    ],
)
def test_what_mongodb_exports_is_read_as_what_it_stands_for(tmp_path: Path, date: object) -> None:
    path = tmp_path / "feed.jsonl"
    record = {"_id": {"$oid": "65e1"}, "title": "Lamp found", "text": "Blue.", "date": date}
    path.write_text((json.dumps(record) + "\n") * 1100)
    feed = read_feed(path)
    rows = feed.to_table().to_pylist()
    assert {(row["id"], row["published"].isoformat()) for row in rows} == {
        ("65e1", "2024-03-01T10:00:00+00:00")
    }
    assert feed.rejects == []


def read_lines(tmp_path: Path, records: list[dict[str, object]], batch_size: int = 4096) -> Feed:
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return read_feed(path, batch_size=batch_size)


@pytest.mark.parametrize(
    ("outlet", "expected"),
    [
        ({"media": "https://i.example/1.jpg"}, "news.example"),
        ({"media": "https://i.example/1.webp?w=3"}, "news.example"),
        ({"site": "https://www.The-Lamp.example/"}, "the-lamp.example"),
        ({"source": "//the-lamp.example/feed"}, "the-lamp.example"),
        ({"media": "The Lamp", "image": "https://i.example/1.jpg"}, "The Lamp"),
    ],
)
def test_an_outlet_that_is_an_address_is_its_host_and_a_picture_is_none(
    tmp_path: Path, outlet: dict[str, object], expected: str
) -> None:
    record = {"title": "T", "text": "x", "url": "https://news.example/1", **outlet}
    assert read_lines(tmp_path, [record]).to_table()["outlet"].to_pylist() == [expected]


def test_a_mapped_outlet_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text(json.dumps({"title": "T", "home": "https://the-lamp.example/"}) + "\n")
    feed = read_feed(path, mapping={"source": "home"})
    assert feed.to_table()["outlet"].to_pylist() == ["https://the-lamp.example/"]


def test_a_byline_of_digits_is_passed_over_for_a_name(tmp_path: Path) -> None:
    record = {"title": "T", "author": 5, "_embedded": {"author": [{"id": 5, "name": "Jane Doe"}]}}
    assert read_lines(tmp_path, [record]).to_table()["byline"].to_pylist() == ["Jane Doe"]
    alone = {"title": "T", "author": "17"}
    assert read_lines(tmp_path, [alone]).to_table()["byline"].to_pylist() == [None]


LATE = [
    [{"description": "A teaser."}, {"description": "A teaser.", "text": "The text."}],
    [{"text": "The text."}, {"description": "A teaser."}, {"text": "", "summary": "S.", "description": "D."}],
    [{"summary": "S."}, {"body": "B."}, {"text": None, "body": "B."}, {"text": "T.", "body": "B."}],
    [{"pubdate": "2025-01-01"}, {"date": "2025-01-02"}, {"published": "2025-01-03"}, {"author": 5}],
    [
        {"author": 5},
        {"byline": "A. Bo"},
        {"author": "C. Do", "byline": "A. Bo"},
        {"site": "https://e.example/"},
    ],
    [{"url": "https://e.example/1"}, {"source": "The Example"}, {"link": "https://f.example/1"}],
]


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize(
    "before", [{}, {"description": "Early."}, {"text": "Early."}], ids=lambda one: str(one)
)
def test_columns_that_turn_up_late_mean_the_same_whatever_the_batches(
    tmp_path: Path, late: list[dict[str, object]], before: dict[str, object]
) -> None:
    records: list[dict[str, object]] = [{"title": f"t{k}", **before} for k in range(1000)]
    records += [{"title": f"late {k}", **one} for k, one in enumerate(late)]
    records += [{"title": f"end {k}"} for k in range(30)]
    first, *others = (read_lines(tmp_path, records, size) for size in (4096, 1, 10, 1001, 333))
    table = first.to_table()
    for feed in others:
        assert feed.to_table().equals(table)
        assert feed.rejects == first.rejects
        assert feed.remarks == first.remarks
    if late is LATE[0]:
        assert table["text"].to_pylist()[1000:1002] == ["A teaser.", "The text."]
