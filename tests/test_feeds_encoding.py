"""Encodings: found where that is certain, asked for where it is not, and never wrong in silence."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.errors import FeedError, SettingsError
from dedup.feeds import Feed, read_feed
from dedup.feeds.sources.encoding import guess_encoding, named_encoding

from .encoding_texts import ENCODED, TEXTS

CASES = [(language, codec) for codec, languages in ENCODED.items() for language in languages]


def sentences(language: str) -> list[str]:
    return [one for one in re.split(r"(?<=[.。?!]) ?", TEXTS[language]) if one]


def of_length(language: str, length: int, seed: int) -> str:
    """A text of `length` characters, or a little more, of the language's sentences in any order."""
    rng = random.Random(f"{language} {seed}")
    made: list[str] = []
    while sum(map(len, made)) < length:
        made += rng.sample(sentences(language), len(sentences(language)))
    text = " ".join(made)
    return text[: text.find(" ", length)] if " " in text[length:] else text


def outcome(text: str, codec: str) -> str:
    data = text.encode(codec, "ignore")
    guess = guess_encoding(data)
    if guess == "unknown":
        return "unknown"
    return "right" if data.decode(guess, "replace") == data.decode(codec) else f"wrong ({guess})"


@pytest.mark.parametrize(("language", "codec"), CASES, ids=str)
def test_texts_of_400_characters_and_more_are_found_right(language: str, codec: str) -> None:
    said = [
        outcome(of_length(language, length, seed), codec) for length in (400, 900, 2000) for seed in (1, 2)
    ]
    assert said == ["right"] * 6


@pytest.mark.parametrize(("language", "codec"), CASES, ids=str)
def test_a_text_of_200_characters_is_found_right_or_asked_for(language: str, codec: str) -> None:
    for seed in range(6):
        text = of_length(language, 200, seed)
        said = outcome(text, codec)
        # Under twelve letters beyond ASCII another alphabet may fit as well, and the commonest is taken.
        few = sum(not one.isascii() for one in text) < 12
        assert said in ("right", "unknown") or (few and said == "wrong (cp1252)")


def test_of_all_texts_of_200_characters_one_in_eight_is_asked_for_at_most() -> None:
    said = [outcome(of_length(language, 200, seed), codec) for language, codec in CASES for seed in range(6)]
    assert said.count("right") >= 0.875 * len(said)


@pytest.mark.parametrize("codec", ["mac-cyrillic", "cp855", "mac-greek", "johab"])
def test_an_encoding_that_no_feed_is_in_is_asked_for_and_not_taken_for_another(codec: str) -> None:
    languages = {"mac-greek": "greek", "johab": "korean"}
    text = of_length(languages.get(codec, "russian"), 800, 1)
    assert guess_encoding(text.encode(codec, "ignore")) == "unknown"


def feed_of(tmp_path: Path, data: bytes, name: str = "feed", **options: object) -> Feed:
    path = tmp_path / name
    path.write_bytes(data)
    return read_feed(path, **options)  # type: ignore[arg-type]


def table(rows: list[tuple[str, str]], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([("title", "text"), *rows])
    return out.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(("language", "codec"), [(ENCODED[codec][0], codec) for codec in ENCODED], ids=str)
def test_csv_in_every_encoding_comes_out_as_it_went_in(
    tmp_path: Path, language: str, codec: str, separator: str
) -> None:
    def kept(text: str) -> str:
        return text.encode(codec, "ignore").decode(codec)

    said = sentences(language)
    rows = [(kept(said[k % len(said)]), kept(TEXTS[language])) for k in range(4)]
    feed = feed_of(tmp_path, table(rows, separator).encode(codec))
    found = feed.to_table()
    assert list(zip(found["title"].to_pylist(), found["text"].to_pylist(), strict=True)) == rows
    assert feed.rejects == []
    assert any(guess_encoding(table(rows, separator).encode(codec)) in note for note in feed.notes)


@pytest.mark.parametrize("codec", ["cp1251", "gb18030", "shift_jis", "big5", "euc_kr"])
def test_json_lines_in_another_encoding(tmp_path: Path, codec: str) -> None:
    language = ENCODED[codec][0]
    data = "".join(
        json.dumps({"title": one, "text": TEXTS[language]}, ensure_ascii=False) + "\r\n"
        for one in sentences(language)
    ).encode(codec)
    feed = feed_of(tmp_path, data)
    assert feed.to_table()["title"].to_pylist() == sentences(language)
    assert feed.rejects == []


def test_utf_16_tables_from_excel(tmp_path: Path) -> None:
    rows = [("Лампа", TEXTS["russian"]), ("灯", TEXTS["chinese_simplified"])]
    text = table(rows, "\t")
    for codec in ("utf-16", "utf-16-le", "utf-16-be"):
        mark = "" if codec == "utf-16" else "\ufeff"
        for options in ({}, {"encoding": codec}):
            feed = feed_of(tmp_path, (mark + text).encode(codec), **options)
            assert feed.to_table()["title"].to_pylist() == ["Лампа", "灯"]
            assert feed.rejects == []


@pytest.mark.parametrize("separator", [";", ",", "\t", "|", "~"])
@pytest.mark.parametrize("first", ["sep={}", '"sep={}"'])
def test_a_line_that_names_the_separator_is_heeded_and_no_header(
    tmp_path: Path, separator: str, first: str
) -> None:
    data = f"{first.format(separator)}\r\n{table([('Lamp, blue; big', 'Words | more.')], separator)}"
    feed = feed_of(tmp_path, data.encode("utf-8-sig"), "x.csv")
    rows = feed.to_table().to_pylist()
    assert [(row["title"], row["text"]) for row in rows] == [("Lamp, blue; big", "Words | more.")]
    assert feed.rejects == []


def test_a_few_latin_1_lines_in_a_utf_8_feed_do_not_make_it_another(tmp_path: Path) -> None:
    good = json.dumps({"title": "Café à Besançon", "text": TEXTS["french"]}, ensure_ascii=False) + "\n"
    bad = json.dumps({"title": "Café", "text": "à"}, ensure_ascii=False) + "\n"
    feed = feed_of(tmp_path, good.encode() * 20 + bad.encode("latin-1") * 3)
    titles = feed.to_table()["title"].to_pylist()
    assert titles[:20] == ["Café à Besançon"] * 20
    assert titles[20:] == ["Caf\ufffd"] * 3
    assert any("3 lines held invalid UTF-8" in note for note in feed.notes)


def test_a_unit_or_a_name_among_ascii_is_western(tmp_path: Path) -> None:
    for said in ("The tank holds 40 m³ of water", "A man from Peñarol", "He said \u201cno\u201d to that"):
        data = ("title,text\n" + f'"{said}",words\n' * 3).encode("cp1252")
        assert feed_of(tmp_path, data, "x.csv").to_table()["title"].to_pylist() == [said] * 3


def test_western_languages_side_by_side_are_western() -> None:
    text = " ".join(TEXTS[one] for one in ("french", "german", "spanish", "portuguese", "swedish"))
    assert guess_encoding(text.encode("cp1252")) == "cp1252"


def test_an_unknown_encoding_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    data = ("title\n" + "\n".join(sentences("russian"))).encode("mac-cyrillic")
    with pytest.raises(FeedError, match="cannot be told for certain; name it with --encoding"):
        list(feed_of(tmp_path, data))
    feed = feed_of(tmp_path, data, encoding="mac-cyrillic")
    assert feed.to_table()["title"].to_pylist() == sentences("russian")
    assert "mac-cyrillic" in feed.notes[0]


def test_a_named_encoding_overrides_what_would_be_found(tmp_path: Path) -> None:
    priced = b"title,text\nA lamp for 5 \xa4,Words of it\n"
    feed = feed_of(tmp_path, priced, encoding="iso8859-15")
    assert feed.to_table()["title"].to_pylist() == ["A lamp for 5 €"]
    marked = "\ufefftitle,text\nCafé,Words of it\n".encode()
    for name in ("UTF8", "utf-8-sig", "U8"):
        assert feed_of(tmp_path, marked, encoding=name).to_table()["title"].to_pylist() == ["Café"]


@pytest.mark.parametrize(
    "name", ["nosuch", "", "base64", "rot13", "idna", "unicode_escape", "a\0b", "x" * 5000]
)
def test_a_name_that_is_no_encoding_of_texts_is_one_clear_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="is no encoding of texts") as caught:
        feed_of(tmp_path, b"title\nLamp\n", encoding=name)
    assert len(str(caught.value)) < 250


def test_the_names_of_encodings_are_pythons() -> None:
    assert [named_encoding(name) for name in ("Latin1", "SJIS", "utf8", "Windows-1251")] == [
        "iso8859-1", "shift_jis", "utf-8", "cp1251",
    ]  # fmt: skip


@given(st.binary(max_size=2000))
@settings(deadline=None, max_examples=200)
def test_any_bytes_have_an_encoding_or_none(data: bytes) -> None:
    guess = guess_encoding(data)
    if guess != "unknown":
        data.decode(guess, "replace")


@given(st.sampled_from(CASES), st.integers(200, 3000), st.integers(0, 10_000))
@settings(deadline=None, max_examples=60)
def test_where_a_head_is_cut_does_not_matter(case: tuple[str, str], length: int, seed: int) -> None:
    language, codec = case
    data = "\n".join([of_length(language, 600, seed)] * 5).encode(codec, "ignore")[: 1200 + length]
    guess = guess_encoding(data)
    whole = data.decode(codec, "ignore")
    assert guess == "unknown" or data.decode(guess, "replace").startswith(whole[:-1])


def test_a_utf_8_feed_is_read_without_the_library_that_guesses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*args: object, **options: object) -> None:
        raise RuntimeError("asked")

    monkeypatch.setattr("charset_normalizer.from_bytes", asked)
    text = table([(one, TEXTS["russian"]) for one in sentences("russian")], ",")
    assert feed_of(tmp_path, text.encode()).to_table().num_rows == len(sentences("russian"))
    with pytest.raises(RuntimeError, match="asked"):
        list(feed_of(tmp_path, text.encode("cp1251")))
