"""Words, names and numbers of a grammar, and how often each is drawn.

Words are drawn by the law of Zipf and Mandelbrot (1953): rank r has a probability close to
1 / (r + q). Behind the listed words stands a tail of words put together from syllables, of
which a larger feed uses more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dedup.simulate.teller import Teller

AGENCIES: Final = ("Reuters", "AP", "AFP", "dpa", "EFE", "Xinhua", "PTI", "Kyodo", "Yonhap", "TASS")
"""Names for credits; nothing else of these agencies is in a feed."""

_SCATTER: Final = 7_919  # prime, and no syllable list has a multiple of it: neighbouring ranks look unlike
_MANDELBROT: Final = 10.0
"""q: nouns and adjectives fall off slowly at first; a feed has no subject in every seventh sentence."""

_TAIL_SHARE: Final = 0.15
_BARE_SHARE: Final = 0.2
_TOPIC_SHARE: Final = 0.5


class Lexicon:
    """The vocabulary of one grammar.

    Parameters
    ----------
    data : mapping
        The entries of the grammar; lists of words are one string with ``|`` between.
    rng : Random
        Decides which words are frequent.
    """

    def __init__(self, data: Mapping[str, Any], rng: Random) -> None:
        self.spaced: bool = data.get("spaced", True)
        # Characters a word where no spaces part words: what a native reader would count.
        self.word_length: float = data.get("word_length", 1)
        self.weekdays = _listed(data["weekdays"])
        self.months = _listed(data["months"])
        self.date: str = data["date"]
        self.thousands: str = data.get("thousands", ",")
        self.decimal: str = data.get("decimal", ".")
        self.verbs: list[Any] = [
            entry if "=" not in entry else tuple(entry.split("=")) for entry in _listed(data["verbs"])
        ]
        self.roles = _listed(data["roles"])
        self.org_shapes = [shape.replace("{x}", "%s") for shape in _listed(data["orgs"])]
        starts, middles, ends = (_listed(data[name]) for name in ("starts", "middles", "ends"))
        self._syllables = starts, middles, ends
        self.names = [
            (start + middle + end).capitalize()
            for start in starts
            for middle in ("", *middles)
            for end in ends
            if middle or self.spaced
        ]
        self.person_join: str = data.get("person_join", " ")
        self.person_end: str = data.get("person_end", "")
        self.tail = len(starts) * len(middles) ** 2 * len(ends)
        shapes: list[str] = data.get("np", ["~"])
        self.nouns = [shape.replace("~", noun) for noun in _listed(data["nouns"]) for shape in shapes]
        rng.shuffle(self.nouns)  # the data are in alphabetical order, ranks are not
        self.adjectives = _listed(data["adjectives"])
        # Every noun with every adjective, so that a noun phrase is two draws; a bare noun loses its "*".
        self.phrases = [
            [noun.replace("*", adjective) for adjective in self.adjectives] for noun in self.nouns
        ]
        self.bare = [noun.replace("* ", "").replace(" *", "").replace("*", "") for noun in self.nouns]

    def word(self, rank: int) -> str:
        """Return a word of the tail; neighbouring ranks have nothing in common."""
        starts, middles, ends = self._syllables
        rest, start = divmod(rank * _SCATTER % self.tail, len(starts))
        rest, middle = divmod(rest, len(middles))
        end, second = divmod(rest, len(middles))
        return starts[start] + middles[middle] + middles[second] + ends[end]

    def grouped(self, number: int) -> str:
        """Return a whole number as the language writes it: ``1,250`` or ``1.250``."""
        if number < 1_000:
            return str(number)
        return f"{number // 1_000}{self.thousands}{number % 1_000:03d}"


def _listed(text: str) -> list[str]:
    return text.split("|")


def zipf(u: float, n: int) -> int:
    """Return a rank, 0 to n - 1, by the law of Zipf and Mandelbrot for a uniform `u` in [0, 1).

    ``q ((n + q) / q)^u - q``, the inverse of the distribution function log((r + q) / q) / log((n + q) / q).
    """
    grown: float = (n / _MANDELBROT + 1) ** u
    return int(_MANDELBROT * (grown - 1))


def _noun_phrase(teller: Teller) -> str:
    lexicon, draw = teller.lexicon, teller.draw
    if draw() < _TOPIC_SHARE:
        noun = teller.topic[int(draw() * len(teller.topic))]
    else:
        noun = zipf(draw(), len(lexicon.nouns))
    kind = draw()
    if kind < _TAIL_SHARE:
        return lexicon.nouns[noun].replace("*", lexicon.word(zipf(draw(), lexicon.tail)))
    if kind < _TAIL_SHARE + _BARE_SHARE:
        return lexicon.bare[noun]
    adjectives = lexicon.phrases[noun]
    return adjectives[zipf(draw(), len(adjectives))]


def _verb(teller: Teller) -> Any:
    verbs = teller.lexicon.verbs
    return verbs[zipf(teller.draw(), len(verbs))]


def _tail_word(teller: Teller) -> str:
    return teller.lexicon.word(zipf(teller.draw(), teller.lexicon.tail))


def _small(teller: Teller) -> str:
    return str(2 + int(58 * teller.draw()))


def _big(teller: Teller) -> str:
    # Log-uniform from 100 to 100,000: the first digits follow Benford's law, as those of news do.
    return teller.lexicon.grouped(int(100 * 1_000 ** teller.draw()))


def _decimal(teller: Teller) -> str:
    whole, tenth = divmod(int(10 + 85 * teller.draw()), 10)
    return f"{whole}{teller.lexicon.decimal}{tenth}"


def _money(teller: Teller) -> str:
    amount = int(10 * 1_000 ** teller.draw())
    if amount < 200:
        whole, tenth = divmod(amount, 10)
        return f"{whole}{teller.lexicon.decimal}{tenth}"
    return str(amount // 10)


def _minute(teller: Teller) -> str:
    return str(10 + int(50 * teller.draw()))


def _year(teller: Teller) -> str:
    return str(1950 + int(73 * teller.draw()))


def _month(teller: Teller) -> str:
    return teller.lexicon.months[int(12 * teller.draw())]


def _near_date(teller: Teller) -> str:
    return teller.date_after(1 + int(40 * teller.draw()))


_Sampler = Callable[["Teller"], Any]


def _entity(names: str) -> Callable[[int], _Sampler]:
    def numbered(number: int) -> _Sampler:
        return lambda teller: getattr(teller, names)[number - 1]

    return numbered


def _same(sampler: _Sampler) -> Callable[[int], _Sampler]:
    return lambda number: sampler


SAMPLERS: Final[Mapping[str, Callable[[int], _Sampler]]] = {
    "p": _entity("persons"),
    "s": _entity("surnames"),
    "r": _entity("roles"),
    "o": _entity("orgs"),
    "l": _entity("places"),
    "L": lambda number: lambda teller: teller.places[number - 1].upper(),
    "x": lambda number: lambda teller: teller.places[number - 1],
    "np": _same(_noun_phrase),
    "v": _same(_verb),
    "w": _same(_tail_word),
    "n": _same(_small),
    "b": _same(_big),
    "pc": _same(_decimal),
    "m": _same(_money),
    "mi": _same(_minute),
    "y": _same(_year),
    "month": _same(_month),
    "wd": _same(lambda teller: teller.weekday),
    "d": lambda number: _near_date if number else lambda teller: teller.date_after(0),
    "agency": _same(lambda teller: teller.agency),
    "outlet": _same(lambda teller: teller.outlet.name),
    "home": _same(lambda teller: teller.outlet.home),
    "domain": _same(lambda teller: teller.outlet.domain),
    "year": _same(lambda teller: str(teller.day.year)),
}
"""For each kind of slot: given its number, how to draw its value."""
