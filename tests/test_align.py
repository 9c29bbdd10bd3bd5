"""Alignment: the segments tell the truth about both texts, whatever the texts."""

from __future__ import annotations

import random
import time

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dedup.compare.align import Alignment, Segment, align
from dedup.text.words import tokenize

TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            ["the", "The", "embassy", "12", "1,000", "“fire”", "京", "ไทย", "é", "e\u0301", "..."]
        )
    ).map(" ".join),
    st.lists(st.sampled_from("ab"), max_size=60).map(" ".join),
)


def told(left: str, right: str) -> list[tuple[str, str, str]]:
    return [
        (s.kind, left[s.left_start : s.left_end], right[s.right_start : s.right_end])
        for s in align(left, right).segments
    ]


def words_in(text: str, start: int, end: int) -> list[int]:
    """Hashes of the words of a text that lie in a range of code points."""
    words = tokenize(pa.array([text.encode("utf-8", "surrogatepass")], pa.large_binary()), spans=True)
    data = text.encode("utf-8", "surrogatepass")
    assert words.starts is not None
    places = [len(data[:at].decode("utf-8", "surrogatepass")) for at in words.starts.tolist()]
    return [h for h, at in zip(words.hashes.tolist(), places, strict=True) if start <= at < end]


def shares_a_character(text: str) -> bool:
    """Return whether two words of a text begin in one code point."""
    data = text.encode("utf-8", "surrogatepass")
    starts = tokenize(pa.array([data], pa.large_binary()), spans=True).starts
    assert starts is not None
    return len(set(starts.tolist())) < len(starts)


def covered(alignment: Alignment, left: str, right: str) -> None:
    for ranges, text in (
        ([(s.left_start, s.left_end) for s in alignment.left()], left),
        ([(s.right_start, s.right_end) for s in alignment.right()], right),
    ):
        assert [start for start, _ in ranges] + [len(text)] == [0] + [end for _, end in ranges]


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_segments_cover_both_texts_without_gap_or_overlap(left: str, right: str) -> None:
    covered(align(left, right), left, right)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_same_and_moved_segments_hold_the_same_words_and_others_do_not(left: str, right: str) -> None:
    # "¼" is one character and two words, of which a segment may hold one: it then stands with the other.
    assume(not any(map(shares_a_character, (left, right))))
    found = align(left, right)
    same = moved = 0
    for s in found.segments:
        mine, theirs = words_in(left, s.left_start, s.left_end), words_in(right, s.right_start, s.right_end)
        if s.kind in ("same", "moved"):
            assert mine == theirs
            same += len(mine) * (s.kind == "same")
            moved += len(mine) * (s.kind == "moved")
        if s.kind == "cut":
            assert s.right_start == s.right_end
        if s.kind == "added":
            assert s.left_start == s.left_end
    assert (same, moved) == (found.same_words, found.moved_words)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_segments_but_moved_ones_stand_in_the_order_of_both_texts(left: str, right: str) -> None:
    segments = [s for s in align(left, right).segments if s.kind != "moved"]
    assert segments == sorted(segments, key=lambda s: (s.left_start, s.right_start))
    assert segments == sorted(segments, key=lambda s: (s.right_start, s.left_start))


@settings(deadline=None)
@given(TEXTS)
def test_a_text_is_the_same_as_itself(text: str) -> None:
    assert [s.kind for s in align(text, text).segments] == ["same"] * bool(text)


def mirrored(segment: Segment) -> Segment:
    flipped = {"cut": "added", "added": "cut"}
    return Segment(
        flipped.get(segment.kind, segment.kind),
        segment.right_start,
        segment.right_end,
        segment.left_start,
        segment.left_end,
        segment.numbers,
    )


@settings(deadline=None)
@given(st.lists(st.sampled_from(["both", "left", "right"]), max_size=40))
def test_the_other_way_round_cuts_are_additions_and_the_rest_is_the_same(where: list[str]) -> None:
    words = [f"word{i}" for i in range(len(where))]
    left = " ".join(word for word, side in zip(words, where, strict=True) if side != "right")
    right = " ".join(word for word, side in zip(words, where, strict=True) if side != "left")
    forth, back = align(left, right), align(right, left)
    assert sorted(map(mirrored, forth.segments), key=repr) == sorted(back.segments, key=repr)
    assert (forth.left_words, forth.right_words) == (back.right_words, back.left_words)
    assert (forth.same_words, forth.moved_words) == (back.same_words, back.moved_words)


def test_the_two_headlines_of_one_story() -> None:
    assert told(
        "Gunfire Erupts Near Israeli Embassy in Amman",
        "Gunfire Sparks Security Response Near Israeli Embassy in Amman",
    ) == [
        ("same", "Gunfire ", "Gunfire "),
        ("changed", "Erupts ", "Sparks Security Response "),
        ("same", "Near Israeli Embassy in Amman", "Near Israeli Embassy in Amman"),
    ]


def test_a_cut_an_addition_and_quotation_marks() -> None:
    assert told("One two. “Three,” he said. Four five.", "One two. “THREE”, he said.") == [
        ("same", "One two. “Three,” he said. ", "One two. “THREE”, he said."),
        ("cut", "Four five.", ""),
    ]
    assert told("One two.", "Zero (one) two.")[0] == ("added", "", "Zero ")


def test_a_changed_number_is_flagged_and_a_changed_word_is_not() -> None:
    (_, deaths, _) = align("At least 1,200 died there", "At least 1300 died there").segments
    assert deaths.kind == "changed"
    assert deaths.numbers
    (_, verb, _) = align("At least 1,200 died there", "At least 1,200 perished there").segments
    assert verb.kind == "changed"
    assert not verb.numbers
    assert [s.kind for s in align("At least 1,200 died", "At least 1200 died").segments] == ["same"]


def test_a_paragraph_that_moved() -> None:
    talks = "The minister told reporters in the capital that the talks had ended without agreement. "
    rain = "Rain is expected to fall over the northern provinces during most of the weekend. "
    end = "Trains run as usual."
    assert told(talks + rain + end, rain + end + " " + talks) == [
        ("moved", talks, talks),
        ("same", rain + end, rain + end + " "),
    ]


def test_a_chance_the_is_no_shared_passage() -> None:
    assert [
        kind for kind, _, _ in told("A dog bit the postman twice", "Rain fell over the northern hills")
    ] == ["changed"]
    assert told("The dog bit him", "The rain fell")[0][0] == "changed"


def test_two_long_passages_in_one_place_are_a_cut_and_an_addition() -> None:
    def made(seed: int) -> str:
        return " ".join(f"word{random.Random(seed + i).randrange(10**6)}" for i in range(0, 9000, 100))

    kinds = [kind for kind, _, _ in told(f"They met. {made(1)} It ended.", f"They met. {made(7)} It ended.")]
    assert kinds == ["same", "cut", "added", "same"]


def test_scripts_without_spaces_align_by_character() -> None:
    assert told("他在东京说，会议成功。大家很高兴。", "他在北京说，会议成功。大家很高兴。") == [
        ("same", "他在", "他在"),
        ("changed", "东", "北"),
        ("same", "京说，会议成功。大家很高兴。", "京说，会议成功。大家很高兴。"),
    ]


def hostile(name: str, n: int) -> tuple[str, str]:
    draw = random.Random(5)
    if name == "equal words":
        return "a " * n, "a " * (n // 2) + "b " + "a " * (n // 2)
    if name == "periodic":
        return "a b c " * (n // 3), "b c " + "c a b " * (n // 3)
    if name == "random letters":
        return " ".join(draw.choice("ab") for _ in range(n)), " ".join(draw.choice("ab") for _ in range(n))
    if name == "growing runs":
        runs = int((2 * n) ** 0.5)
        return " ".join("a " * i + "b" for i in range(runs)), " ".join(
            "a " * (runs - i) + "b" for i in range(runs)
        )
    if name == "reversed":
        return " ".join(map(str, range(n))), " ".join(map(str, range(n, 0, -1)))
    blocks = [f"{i} x x x x x x x x" for i in range(n // 9)]
    shuffled = blocks[:]
    draw.shuffle(shuffled)
    return " ".join(blocks), " ".join(shuffled)


NAMES = ["equal words", "periodic", "random letters", "growing runs", "reversed", "shuffled blocks"]


@pytest.mark.parametrize("name", NAMES)
def test_time_grows_with_the_length_of_hostile_texts_not_with_its_square(name: str) -> None:
    def seconds(n: int) -> float:
        left, right = hostile(name, n)
        align(left, right)
        best = float("inf")
        for _ in range(4):
            begun = time.thread_time()
            align(left, right)
            best = min(best, time.thread_time() - begun)
        return best

    assert seconds(64_000) <= 40 * seconds(8_000)  # a square would take 64 times as long, n log n 10 times


@pytest.mark.parametrize("name", NAMES)
def test_hostile_texts_of_50_000_words_are_covered(name: str) -> None:
    left, right = hostile(name, 50_000)
    covered(align(left, right), left, right)


def test_a_character_of_two_words_stands_with_the_last_of_them() -> None:
    assert told("1", "¼") == [("same", "1", ""), ("added", "", "¼")]
    assert told("1 4 x", "¼ x") == [("same", "1 4 x", "¼ x")]
