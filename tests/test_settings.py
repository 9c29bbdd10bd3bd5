"""Settings: all mistakes at once, lengths of time and dates as people write them, a stable hash."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import SettingsError
from dedup.settings import Settings, parse_duration, parse_when

NOW = datetime(2024, 11, 25, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("72h", 259_200),
        ("3d", 259_200),
        ("90m", 5_400),
        ("1w", 604_800),
        ("45s", 45),
        ("1d 12h", 129_600),
        ("1d12h", 129_600),
        ("1.5 hours", 5_400),
        (" 2 Days ", 172_800),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "h", "-3d", "3x", "0h", "3d,4h", "1e9d", "9999999w", "٣d", "nan h"]
)
def test_what_is_no_duration_is_named(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_duration(text)
    assert repr(text) in str(caught.value)


def test_a_malformed_length_of_time_tells_every_unit() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_duration("30")
    assert str(caught.value) == "'30' is no length of time; write it like 30s, 90m, 72h, 3d or 1w"


def test_too_little_memory_is_told_in_the_unit_it_was_asked_in() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_text(memory="500MB")
    assert str(caught.value) == "memory: 500 MB is below the 1024 MB that any feed needs"


@given(st.integers(1, 10**6), st.sampled_from("smhdw"))
def test_durations_scale_with_their_unit(number: int, unit: str) -> None:
    size = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}[unit]
    if number * size <= 1_000 * 366 * 86_400:
        assert parse_duration(f"{number}{unit}") == number * size


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-11-25", "2024-11-25T00:00:00+00:00"),
        ("2024-11", "2024-11-01T00:00:00+00:00"),
        ("2024-11-25T10:00Z", "2024-11-25T10:00:00+00:00"),
        ("2024-11-25 10:00", "2024-11-25T10:00:00+00:00"),
        ("2024-11-25T10:00+05:30", "2024-11-25T04:30:00+00:00"),
        ("24h ago", "2024-11-24T12:30:00+00:00"),
        ("2 days ago", "2024-11-23T12:30:00+00:00"),
        ("now", "2024-11-25T12:30:00+00:00"),
        ("today", "2024-11-25T00:00:00+00:00"),
        ("Yesterday", "2024-11-24T00:00:00+00:00"),
    ],
)
def test_dates(text: str, moment: str) -> None:
    assert parse_when(text, now=NOW).isoformat() == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-11-25", "2024-11-26T00:00:00+00:00"),
        ("2024-12-31", "2025-01-01T00:00:00+00:00"),
        ("2024-12", "2025-01-01T00:00:00+00:00"),
        ("2024-02", "2024-03-01T00:00:00+00:00"),
        ("today", "2024-11-26T00:00:00+00:00"),
        ("yesterday", "2024-11-25T00:00:00+00:00"),
        ("2024-11-25T10:00Z", "2024-11-25T10:00:00+00:00"),
    ],
)
def test_a_day_that_ends_a_span_counts_to_its_end(text: str, moment: str) -> None:
    assert parse_when(text, now=NOW, end=True).isoformat() == moment


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2024-02-30", "2024-13", "25/11/2024", "2024-W48", "20241125", "9999-12-31x", "999999w ago"],
)
def test_what_is_no_date_is_named(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_when(text, now=NOW)
    assert repr(text) in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_in_one_way(text: str) -> None:
    for parse in (parse_duration, parse_when, lambda value: parse_when(value, end=True)):
        with suppress(SettingsError):
            assert parse(text) is not None


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_text(
            threshold=1.5,
            min_size=1,
            since="gestern",
            window="5",
            relations=["cut, copy"],
            top=-1,
            sort="shoe size",
            threads=0,
            on_change="ask",
            outlets=("",),
        )
    said = str(caught.value)
    assert said.startswith("10 settings are wrong: ")
    for value in (
        "1.5",
        "min-size: 1",
        "'gestern'",
        "'5'",
        "'copy'",
        "-1",
        "'shoe size'",
        "threads: 0",
        "'ask'",
        "outlet",
    ):
        assert value in said, value
    assert "\n" not in said


def test_since_must_come_before_until() -> None:
    with pytest.raises(SettingsError, match="is not before until"):
        Settings.from_text(since="2024-11-25", until="2024-11-24")
    # The same day means that day.
    day = Settings.from_text(since="2024-11-25", until="2024-11-25")
    assert day.until is not None
    assert day.since is not None
    assert day.until - day.since == timedelta(days=1)


def test_times_without_a_zone_are_refused() -> None:
    with pytest.raises(SettingsError, match="no time zone"):
        Settings(since=datetime(2024, 11, 25)).check()


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.01, float("nan"), float("inf")])
def test_thresholds_out_of_range(threshold: float) -> None:
    with pytest.raises(SettingsError, match="threshold"):
        Settings(threshold=threshold).check()


def test_good_settings_come_back_from_check() -> None:
    settings = Settings(threshold=1.0, min_size=2, top=1, threads=1, relations=("cut",))
    assert settings.check() is settings


def test_the_hash_follows_what_changes_clusters_and_nothing_else() -> None:
    plain = Settings()
    changes = {"threshold": 0.6, "since": NOW, "until": NOW, "window_s": 60}
    hashes = {replace(plain, **{name: value}).result_hash() for name, value in changes.items()}
    assert len(hashes | {plain.result_hash()}) == len(changes) + 1
    views = {
        "min_size": 3,
        "outlets": ("A",),
        "across_outlets": True,
        "relations": ("cut",),
        "top": 3,
        "sort": "lag",
    }
    views |= {"threads": 2, "on_change": "skip"}
    for name, value in views.items():
        assert replace(plain, **{name: value}).result_hash() == plain.result_hash(), name


def test_the_hash_is_the_same_in_every_zone_and_python() -> None:
    delhi = timezone(timedelta(hours=5, minutes=30))
    settings = Settings(threshold=0.1 + 0.2, since=NOW)
    assert settings.result_hash() == replace(settings, since=NOW.astimezone(delhi)).result_hash()
    assert Settings(threshold=1).result_hash() == Settings(threshold=1.0).result_hash()
    # Golden: stored runs are found by it.
    assert Settings().result_hash() == "44136fa355b3678a"
    assert settings.result_hash() == "47ad3a261cafcf83"
