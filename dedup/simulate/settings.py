"""What decides a simulated feed, in one frozen record.

The same settings give the same bytes. All mistakes are reported at once, as
`dedup.settings` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from dedup.errors import SettingsError
from dedup.settings import parse_when

LANGUAGES: Final = ("en", "es", "de", "ru", "ar", "hi", "zh", "ja", "ko", "th")
"""Languages with a grammar."""

GRAMMARS: Final = ("fit", "test")
"""Two grammars of each language, of different sentences, words, names and furniture: what is fitted on
one may be measured on the other, and never on itself."""

MEAN_COPIES_EXPONENT: Final = 1.25
"""P(a story has k copies or more) = k ** -1.25: most have one or two, a few are everywhere."""

_SHARES: Final = ("copies", "templates", "lookalikes", "furniture", "non_ascii")
_MOST_ARTICLES: Final = 1_000_000_000
_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SimulationSettings:
    """What kind of feed to make up.

    Parameters
    ----------
    articles : int
        Articles in the feed.
    seed : int
        Another seed, other stories.
    languages : tuple of str
        Of `LANGUAGES`; each has an equal share of the stories and outlets of its own.
    grammar : str
        One of `GRAMMARS`.
    copies : float
        Share of the articles that are copies of an earlier one.
    templates : float
        Share of fill-in texts: lottery numbers, forecasts, results. They look alike and are no copies.
    lookalikes : float
        Share of the other hard cases that are no copies: own reports of a story's event, follow-ups that
        repeat its background, round-ups, and pages with an error or a paywall in place of a story.
    outlets : int
        Outlets of all languages together, at least four a language.
    words : int
        Mean length of a story in words; where no spaces part them two characters (Chinese, Japanese) or four
        and a half (Thai) are taken for one.
    furniture : float
        Share of the outlets that leave menus, cookie notices and the like around their texts.
    non_ascii : float
        Share of the outlets with typographic quotes, dashes and accents; the others print ASCII where
        the language allows it.
    ocr : float
        Share of misread characters in the texts of outlets that are scanned (every tenth), at most 0.2.
    start : datetime
        When the first story breaks, with a time zone.
    days : float
        Within how many days all stories break; their copies come up to two days later.
    base : Path, optional
        A feed whose articles are the stories, one each, in place of those of the grammar. Copies that it
        holds already are not known to the truth; `dedup export` takes them out.

    Notes
    -----
    The constructor takes everything; `check` judges. `from_text` does both for options typed by a person.
    """

    articles: int = 1_000
    seed: int = 0
    languages: tuple[str, ...] = ("en",)
    grammar: str = "test"
    copies: float = 0.4
    templates: float = 0.08
    lookalikes: float = 0.06
    outlets: int = 60
    words: int = 300
    furniture: float = 0.5
    non_ascii: float = 0.7
    ocr: float = 0.01
    start: datetime = datetime(2025, 3, 3, tzinfo=UTC)
    days: float = 7.0
    base: Path | None = None

    @classmethod
    def from_text(
        cls, *, languages: Iterable[str] = (), start: str | None = None, **others: Any
    ) -> SimulationSettings:
        """Return checked settings from options as they were typed.

        Parameters
        ----------
        languages : iterable of str
            Names of `LANGUAGES`, also several in one string with commas between; none: English.
        start : str, optional
            As `dedup.settings.parse_when` reads it.
        **others
            Any other field.

        Raises
        ------
        SettingsError
            Listing every mistake.

        Examples
        --------
        >>> SimulationSettings.from_text(languages=["de,ja"], start="2024-05-01").languages
        ('de', 'ja')
        """
        mistakes: list[str] = []
        if start is not None:
            try:
                others["start"] = parse_when(start)
            except SettingsError as error:
                mistakes.append(f"start: {error.message}")
        names = [name.strip().lower() for text in languages for name in text.split(",")]
        if names:
            others["languages"] = tuple(dict.fromkeys(names))
        settings = cls(**others)
        _raise_all(mistakes + settings.mistakes())
        return settings

    def check(self) -> SimulationSettings:
        """Return self; raise one `SettingsError` that lists everything that is wrong."""
        _raise_all(self.mistakes())
        return self

    def mistakes(self) -> list[str]:
        """Return what is wrong with these settings, a phrase each with the value; empty: all is well."""
        wrong: list[str] = []
        if not 1 <= self.articles <= _MOST_ARTICLES:
            wrong.append(f"articles: {self.articles} is not between 1 and {_MOST_ARTICLES}")
        if self.seed < 0:
            wrong.append(f"seed: {self.seed} is below 0")
        if not self.languages:
            wrong.append("language: none is given")
        wrong += [
            f"language: {name!r} is none of {', '.join(LANGUAGES)}"
            for name in self.languages
            if name not in LANGUAGES
        ]
        if self.grammar not in GRAMMARS:
            wrong.append(f"grammar: {self.grammar!r} is none of {', '.join(GRAMMARS)}")
        for name in _SHARES:
            share = getattr(self, name)
            if not 0 <= share <= 1:  # false for nan
                wrong.append(f"{name.replace('_', '-')}: {share} is not between 0 and 1")
        if not wrong and self.singles < 0:
            most = (1 - self.templates - self.lookalikes) * (1 - self.originals_per_copy)
            wrong.append(
                f"copies: {self.copies} leaves no room for their originals, templates and lookalikes; "
                f"at most {max(0.0, most):.2f} here"
            )
        if self.outlets < 4 * len(self.languages):
            wrong.append(f"outlets: {self.outlets} is below 4 for each language")
        if not 10 <= self.words <= 20_000:
            wrong.append(f"words: {self.words} is not between 10 and 20000")
        if not 0 <= self.ocr <= 0.2:
            wrong.append(f"ocr: {self.ocr} is not between 0 and 0.2")
        if self.start.tzinfo is None:
            wrong.append(f"start: {self.start} has no time zone")
        elif not _EARLIEST <= self.start < _LATEST:
            wrong.append(f"start: {self.start.date()} is not between the years 1900 and 2900")
        if not 0 < self.days <= 36_600:
            wrong.append(f"days: {self.days} is not between 0 and 36600")
        return wrong

    @property
    def outlets_per_language(self) -> int:
        """Outlets that publish in each language."""
        return self.outlets // len(self.languages)

    @property
    def most_copies(self) -> int:
        """Greatest number of copies of one story: no outlet carries a story twice."""
        return min(self.outlets_per_language - 1, 400)

    @property
    def originals_per_copy(self) -> float:
        """Stories with copies, for each copy: one over the mean number of copies of such a story."""
        mean: float = sum(k**-MEAN_COPIES_EXPONENT for k in range(1, self.most_copies + 1))
        return 1 / mean

    @property
    def singles(self) -> float:
        """Share of the articles that nobody copies; below zero where the other shares are too great."""
        return 1 - self.copies * (1 + self.originals_per_copy) - self.templates - self.lookalikes


def _raise_all(mistakes: list[str]) -> None:
    if len(mistakes) == 1:
        raise SettingsError(mistakes[0])
    if mistakes:
        raise SettingsError(f"{len(mistakes)} settings are wrong: " + "; ".join(mistakes))
