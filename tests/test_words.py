"""Words: the compiled tokenizer against a slow and obvious one, in ten scripts, and on hostile bytes."""

import random
import re
import time
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.text import build_fold_table, fold
from dedup.text import words as words_module
from dedup.text.words import (
    LINE_START,
    NUMBER,
    SENTENCE_START,
    SHORT,
    SPACELESS,
    UPPER,
    Words,
    text_hashes,
    tokenize,
)

MASK = 2**64 - 1

# ---------------------------------------------------------------- the slow and obvious tokenizer

STRIPPED = {"LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "MODIFIER"}
NO_SPACES = {"CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HENTAIGANA", "THAI", "LAO"}
NO_SPACES |= {"KHMER", "MYANMAR", "KANA"}
APOSTROPHES, COMMAS = "'’‘ʼʻ＇`´｀\u1fef\u1ffd", ",\u066b\u066c，﹐︐"
SENTENCE_ENDS = "!?…。｡！？؟۔։।॥።፧။។៕‼⁇⁈⁉‥﹖﹗︒︕︖︙︰"
LINE_ENDS = "\n\r\v\f\x85\u2028\u2029"


def reference_word_hash(word: str) -> int:
    h = 0x9E3779B97F4A7C15
    for c in word:
        h = ((h << 31 | h >> 33) & MASK ^ ord(c)) * 0xD6E8FEB86659FD93 & MASK
    h = (h ^ h >> 33) * 0xFF51AFD7ED558CCD & MASK
    h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return h ^ h >> 33


def script(c: str) -> str:
    return unicodedata.name(c, "?").removeprefix("VERTICAL ").split()[0]


def folded(c: str) -> str:
    if "가" <= c <= "힣":
        return c
    out = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", c).casefold())
    out = re.sub("[ᄀ-ᄒ][ᅡ-ᅵ][ᆨ-ᇂ]?", lambda m: unicodedata.normalize("NFC", m.group()), out)
    return "".join(str(unicodedata.decimal(x, x)) for x in out)


def is_letter(c: str) -> bool:
    return unicodedata.category(c)[0] in "LN" and c not in "0123456789ـʼʻ"


def reference(text: str) -> list[tuple[str, int]]:
    """Return the words of a text, folded, with their flags."""
    text = re.sub("[ᄀ-ᄒ][ᅡ-ᅵ][ᆨ-ᇂ]?|[가-힣][ᆨ-ᇂ]", lambda m: unicodedata.normalize("NFC", m.group()), text)
    words: list[tuple[str, int]] = []
    word, flags, pending = "", 0, LINE_START | SENTENCE_START

    def close() -> None:
        nonlocal word
        if word:
            size = sum(2 if "가" <= c <= "힣" else 1 for c in word)
            words.append((word, flags | (SHORT if size <= 3 else 0)))
        word = ""

    base = ""
    for place, c in enumerate(text):
        following = folded(text[place + 1])[:1] if place + 1 < len(text) else ""
        if following and text[place + 1] in APOSTROPHES + "ـ":
            following = ""
        if c in APOSTROPHES or c in COMMAS or folded(c) == ".":
            spaced = [
                x != "" and is_letter(x) and script(x) not in NO_SPACES
                for x in (base if word else "", following)
            ]
            digits = [x != "" and x in "0123456789" for x in (base if word else "", following)]
            if all(spaced) if c in APOSTROPHES else all(digits):
                continue
            close()
            if folded(c) == ".":
                pending |= SENTENCE_START
            continue
        category = unicodedata.category(c)
        if c in LINE_ENDS:
            close()
            pending |= LINE_START | SENTENCE_START
            continue
        if c in SENTENCE_ENDS:
            close()
            pending |= SENTENCE_START
            continue
        joiner = category == "Cf" and c != "\u200b" and script(c) != "ARABIC"
        if joiner or c in "ـ\u034f" or "VARIATION SELECTOR" in unicodedata.name(c, ""):
            continue
        for x in folded(c):
            if unicodedata.category(x)[0] == "M":
                if word and base not in "0123456789" and script(base) not in STRIPPED:
                    word += x
            elif x in "0123456789" or is_letter(x):
                alone = x not in "0123456789" and script(x) in NO_SPACES
                if alone or (word and flags & SPACELESS):
                    close()
                if not word:
                    flags, pending = pending | (UPPER if category in ("Lu", "Lt") else 0), 0
                word, base = word + x, x
                flags |= (SPACELESS if alone else 0) | (NUMBER if x in "0123456789" else 0)
            else:
                close()
    close()
    return words


def pairs_of(words: Words, article: int = 0) -> list[tuple[int, int]]:
    part = slice(words.offsets[article], words.offsets[article + 1])
    return list(zip(words.hashes[part].tolist(), words.flags[part].tolist(), strict=True))


def expected(text: str) -> list[tuple[int, int]]:
    return [(reference_word_hash(word), flags) for word, flags in reference(untruncated(text))]


def untruncated(text: str) -> str:
    """Cut off a half word before an ellipsis at the end, as `dedup.text.truncation` tells it."""
    whole = text.rstrip("".join(map(chr, range(33))) + "\"')]")
    dots = next((dots for dots in ("...", "…") if whole.endswith(dots)), None)
    if dots is None:
        return text
    rest = whole[: -len(dots)]
    found = re.search(r"[^\x00-\x20]*\Z", rest)
    word = found.group() if found else ""
    spaceless = re.search(r"[\u0800-\u1fff\u3000-\u9fff]", word)
    if word in ("", rest) or spaceless or len(word.encode()) > 40:
        return text
    return rest[: -len(word)]


def words_of(text: str) -> list[int]:
    return tokenize(pa.array([text])).hashes.tolist()


# ---------------------------------------------------------------- what a word is

SCRIPTS = {
    "English": "The Fed's 1,000-strong staff don’t agree. “U.S. rates,” he said…\nNo!",
    "French": "L’été à Noël: cœur, garçon, ÉLÈVES — 3,5 %? Oui.",
    "Greek": "Ο πρωθυπουργός ΑΝΑΚΟΊΝΩΣΕ σήμερα ὅτι ᾳ· τέλος;",
    "Russian": "Ёлка и йод. Премьер-министр ОБЪЯВИЛ 12 мая!",
    "Hebrew": "שָׁלוֹם לָעוֹלָם. ראש הממשלה אמר 5 דברים",
    "Arabic": "قَالَ الرَّئِيسُ أمس إنّ العـــدد ١٬٢٣٤٫٥ شخص؟ نعم۔",
    "Hindi": "प्रधानमंत्री ने कहा कि क़ानून ज़रूरी है। १२३ लोग",
    "Thai": "นายกรัฐมนตรีกล่าวว่า ๒๕๖๗ น้ำท่วม",
    "Japanese": "首相は「ガソリン価格」について語った。パリ、ﾊﾟﾘ㌖ 2024年",
    "Chinese": "总理宣布，三百亿美元的气候基金太少。不！",
    "Korean": "대통령은 오늘 기후 기금을 발표했다. 값 2024년 ㅋㅋ ㉮",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_words_equal_those_of_the_obvious_tokenizer(name: str) -> None:
    for form in ("NFC", "NFD", "NFKC"):
        text = unicodedata.normalize(form, SCRIPTS[name])
        assert pairs_of(tokenize(pa.array([text]))) == expected(text)


@pytest.mark.parametrize("name", SCRIPTS)
def test_composed_and_decomposed_text_give_the_same_words(name: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, SCRIPTS[name]) for form in ("NFC", "NFD"))
    assert words_of(composed) == words_of(decomposed)


@pytest.mark.parametrize("name", SCRIPTS)
def test_random_text_of_a_script(name: str) -> None:
    rng = random.Random(name)
    letters = SCRIPTS[name] + unicodedata.normalize("NFD", SCRIPTS[name]) + " .,'’\n\u00ad\u200d7"
    texts = ["".join(rng.choices(letters, k=rng.randrange(60))) for _ in range(300)]
    words = tokenize(pa.array(texts))
    for i, text in enumerate(texts):
        assert pairs_of(words, i) == expected(text), text


@pytest.mark.parametrize(
    ("text", "n_words"),
    [
        ("Uncertainty deepens as the fight reache...", 5),
        ("Uncertainty deepens as the fight reache…", 5),
        ("Uncertainty deepens as the fight reaches ...", 6),
        ('"Uncertainty deepens as the fight reache..." ', 5),
        ("Правительство объявило о нов...", 3),
        ("reache...", 1),
        ("...", 0),
        ("政府は新しい計...", 7),
        ("the fight " + "z" * 41 + "...", 3),
    ],
)
def test_a_word_cut_off_by_an_ellipsis_is_not_read(text: str, n_words: int) -> None:
    assert len(words_of(text)) == n_words


def test_a_stem_is_the_beginning_of_a_word_and_a_number_is_whole() -> None:
    def stems(text: str) -> list[int]:
        found = tokenize(pa.array([text]), stems=True)
        assert found.stems is not None
        return found.stems.tolist()

    assert len(set(stems("recall recalls recalled Recalling"))) == 1
    assert len(set(stems("Syria Syrian Syrië’s syri"))) == 3
    assert len(set(stems("правительство правительства права"))) == 2
    assert len(set(stems("310000 310005"))) == 2
    assert stems("cat") == words_of("cat")
    # The two loops of the kernel agree: one word of plain ASCII, one that turns out not to be.
    assert stems("recallé")[0] == stems("recall")[0]


TABLE_VERSION = fold.load_fold_table().unicode_version
# A newer Python knows characters that the table does not; then only those of Unicode 3.2 are compared.
KNOWN = unicodedata if unicodedata.unidata_version == TABLE_VERSION else unicodedata.ucd_3_2_0
ASSIGNED = [c for c in map(chr, range(0x110000)) if KNOWN.category(c) not in ("Cn", "Co", "Cs")]


@settings(max_examples=300, deadline=None)
@given(st.text(st.one_of(st.sampled_from("ab1 .,'\n"), st.sampled_from(ASSIGNED)), max_size=40))
def test_any_text(text: str) -> None:
    assert pairs_of(tokenize(pa.array([text]))) == expected(text)


def test_every_character_alone_and_within_a_word() -> None:
    texts = [form.format(c) for c in ASSIGNED[::7] for form in ("{}", "a{}b", "1{}2")]
    words = tokenize(pa.array(texts))
    hashes, bounds = words.hashes.tolist(), words.offsets.tolist()
    wrong = [
        text
        for i, text in enumerate(texts)
        if hashes[bounds[i] : bounds[i + 1]] != [reference_word_hash(word) for word, _ in reference(text)]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("don't", "don’t"),
        ("don't", "dont"),
        ("O＇Neill", "oʼneill"),
        ("1,000", "1000"),
        ("3.5", "35"),
        ("١٬٠٠٠", "1000"),
        ("naïve", "NAIVE"),
        ("Straße", "strasse"),
        ("ﬁnance", "finance"),
        ("ＡＰ", "ap"),
        ("co\u00adoperate", "cooperate"),
        ("\ufeffnews", "news"),
        ("مـــحمد", "محمد"),
        ("か\u3099", "が"),
        ("ｶﾞ", "ガ"),
        ("각", "\u1100\u1161\u11a8"),
        ("İstanbul", "istanbul"),
    ],
)
def test_spellings_of_one_word(one: str, other: str) -> None:
    assert words_of(one) == words_of(other)
    assert len(words_of(one)) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("か", "が"), ("कि", "की"), ("น้ำ", "นำ"), ("값", "갑"), ("ab", "ba"), ("a b", "ab")]
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert words_of(one) != words_of(other)


def test_a_thousand_words_of_four_languages_stay_distinct() -> None:
    rng = random.Random(7)
    korean = {chr(rng.randrange(0xAC00, 0xD7A4)) + chr(rng.randrange(0xAC00, 0xD7A4)) for _ in range(1000)}
    hindi = {a + m + b for a in "कखगघचछजझटठ" for m in "ािीुूेैोौं" for b in "तथदधनपफबमर"}
    thai = {
        a + v + t
        for a in "กขคงจฉชซญฎ"
        for v in ["ิ", "ี", "ึ", "ื", "ุ", "ู", "ั", "็", "์", "า"]
        for t in "กนมงยวบดร่"
    }
    kana = [chr(c) for c in range(0x30A1, 0x30F7)]
    japanese = {rng.choice(kana) + rng.choice(kana) + rng.choice(kana) for _ in range(1000)}
    for words in (korean, hindi, thai, japanese):
        assert len(words) > 990
        assert len(set(text_hashes(tokenize(pa.array(sorted(words)))).tolist())) == len(words)


def test_flags_of_a_small_text() -> None:
    words = tokenize(pa.array(["Rain, 5 cm. Then\nsun 東京"]))
    assert words.flags.tolist() == [
        UPPER | LINE_START | SENTENCE_START,
        NUMBER | SHORT,
        SHORT,
        UPPER | SENTENCE_START,
        LINE_START | SENTENCE_START | SHORT,
        SPACELESS | SHORT,
        SPACELESS | SHORT,
    ]


def test_the_word_hash_never_changes() -> None:
    assert words_of("News") == [reference_word_hash("news")] == [0x0E68630D25D1B614]
    assert text_hashes(tokenize(pa.array(["Amman – gunfire"]))).tolist() == [0xC060DCA35142E085]


# ---------------------------------------------------------------- hostile input


def test_random_bytes_give_the_words_of_their_valid_parts() -> None:
    rng = random.Random(1)
    valid = "é東か\u3099 a1’.".encode()
    texts = [
        bytes(rng.choices(valid + b"\x00\xff\xed\xa0\x80\xf4\x90\xc0\xe0\xf0", k=30)) for _ in range(500)
    ]
    texts += [rng.randbytes(40) for _ in range(500)]
    words = tokenize(pa.array(texts, pa.binary()))
    for i, text in enumerate(texts):
        # A valid part may be shortened by bytes that do not continue it; both ways these only part words.
        assert pairs_of(words, i) == expected(text.decode("utf-8", "replace")), text


def test_a_cut_character_does_not_read_on_into_the_next_article() -> None:
    words = tokenize(pa.array([b"caf\xc3", b"\xa9x", b"\xf0\x9f"], pa.binary()))
    assert [len(pairs_of(words, i)) for i in range(3)] == [1, 1, 0]
    assert words.hashes.tolist() == words_of("caf x")


def test_nul_and_surrogates_part_words() -> None:
    words = tokenize(pa.array([b"a\x00b\xed\xa0\x80c"], pa.binary()))
    assert words.hashes.tolist() == words_of("a b c")


@pytest.mark.parametrize("piece", ["word ", "a,", "’", "é", "東", "1,", "\u0301", "\u00ad", "\u1100"])
def test_huge_articles_take_linear_time(piece: str) -> None:
    size = 50_000_000 if piece == "word " else 5_000_000
    text = piece * (size // len(piece.encode()))
    started = time.perf_counter()
    words = tokenize(pa.array([text], pa.large_string()))
    assert time.perf_counter() - started < 10
    assert len(words) == 1


def test_ligatures_that_expand_to_many_words() -> None:
    words = tokenize(pa.array(["㌖" * 1000, "", "㌖"]))
    assert np.diff(words.offsets).tolist() == [6000, 0, 6]


# ---------------------------------------------------------------- Arrow columns, batches, threads

TEXTS = [*SCRIPTS.values(), None, "", "  ", "x"] * 5


def same(one: Words, other: Words) -> bool:
    return all(
        np.array_equal(a, b)
        for a, b in [(one.hashes, other.hashes), (one.flags, other.flags), (one.offsets, other.offsets)]
    )


def test_string_types_slices_and_chunks_give_the_same_words() -> None:
    whole = tokenize(pa.array(TEXTS))
    assert same(whole, tokenize(pa.array(TEXTS, pa.large_string())))
    assert same(whole, tokenize(pa.array([None, "before", *TEXTS, "after"]).slice(2, len(TEXTS))))
    assert same(whole, tokenize(pa.chunked_array([TEXTS[:7], [], TEXTS[7:]], pa.string())))
    assert same(whole, tokenize(pa.array(TEXTS).dictionary_encode()))


def test_a_null_has_no_words_whatever_bytes_lie_under_it() -> None:
    data = pa.py_buffer(b"one two")
    offsets = pa.py_buffer(np.array([0, 3, 7], np.int32))
    column = pa.Array.from_buffers(pa.string(), 2, [pa.py_buffer(b"\x02"), offsets, data])
    words = tokenize(column)
    assert np.diff(words.offsets).tolist() == [0, 1]
    assert words.hashes.tolist() == words_of("two")


@pytest.mark.parametrize(
    "column", [pa.array([], pa.string()), pa.array([None, None]), pa.chunked_array([], pa.string())]
)
def test_columns_without_words(column: pa.Array) -> None:
    words = tokenize(column, spans=True)
    assert len(words) == len(column)
    assert len(words.hashes) == 0
    assert text_hashes(words).tolist() == [0] * len(column)


def test_threads_and_batches_change_nothing() -> None:
    texts = pa.array(TEXTS * 600)
    whole = tokenize(texts)
    assert texts.nbytes > 2 * words_module._TASK_BYTES  # several tasks
    for threads in (2, 5):
        assert same(whole, tokenize(texts, threads=threads))
    halves = [tokenize(texts[:777]), tokenize(texts[777:])]
    assert np.array_equal(whole.hashes, np.concatenate([half.hashes for half in halves]))


def test_spans_stand_on_the_words() -> None:
    texts = ["Don’t “stop” naïve\u0301 co\u00adop, 1,000. 東京", "", "Ünï"]
    words = tokenize(pa.array(texts), spans=True)
    assert words.starts is not None
    assert words.ends is not None
    found = [
        texts[i].encode()[words.starts[k] : words.ends[k]].decode()
        for i in range(3)
        for k in range(words.offsets[i], words.offsets[i + 1])
    ]
    assert found == ["Don’t", "stop", "naïve\u0301", "co\u00adop", "1,000", "東", "京", "Ünï"]
    assert tokenize(pa.array(texts)).starts is None


def test_text_hash_minds_order_and_ignores_furniture_of_typography() -> None:
    hashes = text_hashes(tokenize(pa.array(["a b", "A, b!", "b a", "ab", "", None])))
    assert hashes[0] == hashes[1]
    assert len(set(hashes[[0, 2, 3]].tolist())) == 3
    assert hashes[4:].tolist() == [0, 0]


# ---------------------------------------------------------------- the table


@pytest.mark.skipif(unicodedata.unidata_version != TABLE_VERSION, reason="another Unicode version")
def test_the_shipped_table_is_what_the_script_builds() -> None:
    arrays, table = build_fold_table.build(), fold.load_fold_table()
    assert np.array_equal(arrays["stage1"], table.stage1)
    assert np.array_equal(arrays["stage2"], table.stage2)
    assert np.array_equal(arrays["pool"], table.pool)
