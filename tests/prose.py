"""News-like prose for tests: everyday words in ever new order, with people and places of its own per story.

`tests.feeds` invents every word, so nothing meets by chance. Here strangers share
what strangers share in print: function words, reporting verbs, weekdays, common pairs of words.
Texts are put together phrase by phrase, so that hardly a run of four words comes twice.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any


def words(text: str, separator: str | None = None) -> list[str]:
    return text.split(separator)


ADJECTIVES = words("""local new former senior regional public private national late early heavy strong
weak final open closed broken rising falling modest sharp quiet angry cautious joint special annual
monthly rural urban northern southern eastern western central coastal young old retired popular costly
cheap long short major minor key strict loose official secret planned sudden steady rapid slow recent
previous""")
NOUNS = words("""council bridge harbour school hospital budget market factory farm court trial union
strike election mayor minister party vote road railway airport flight storm flood fire rescue team coach
match club season player goal fan festival concert museum painting film novel prize award study scientist
vaccine disease clinic doctor nurse patient bank loan rate price tax fund share investor company merger
plant worker wage pension bill law reform protest crowd police officer suspect witness judge prison
sentence border treaty embassy envoy summit talks ceasefire army soldier drone ship port cargo grain wheat
drought river dam forest park animal bird whale beach island village town city suburb street house flat
tenant landlord builder crane tunnel pipeline cable network phone app computer battery car lorry bus
driver ticket passenger tourist hotel restaurant kitchen recipe wine baker butcher shop customer refund
website newspaper editor reporter archive statue church bell choir priest mosque temple grave monument
castle garden fence gate roof window ladder engine valve pump tank""")
VERBS = words("""approved rejected delayed opened closed visited damaged repaired sold bought praised
criticised defended examined reported described expected promised refused ordered warned joined left
reached crossed followed blocked cleared raised lowered doubled halved tested measured counted showed hid
lost found saved spent earned borrowed lent carried dropped lifted moved covered painted cleaned guarded
searched checked signed drafted cancelled postponed suspended extended shortened welcomed questioned""")
PREPOSITIONS = words("near after before during without against behind beside beyond under over across around")
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTHS = words("January February March April May June July August September October November December")
SAID = words("said|told reporters|added|wrote|explained|insisted|conceded|noted|argued|recalled", "|")
SYLLABLES = words("""ba ber bor cal can car dal del dor el en er fal fen gar gil hal har hol il jar kal
kel kor lan len lor mar mel mor nar nel nor ol or pal pel quin ral ren ros sal sel sor tal ten tor ul ur
val ven vor wal wen yor zel""")
ENDINGS = words("a o in en er an ley ton ford mere wick stad berg ova ski sen")


class Desk:
    """A source of sentences about one matter: its people, its places, its words.

    Parameters
    ----------
    name : object
        Seeds everything; equal names write equal sentences.
    """

    def __init__(self, name: object) -> None:
        self.rng = rng = random.Random(f"desk {name}")
        self.people = [f"{self.name()} {self.name()}" for _ in range(3)]
        self.places = [self.name() for _ in range(3)]
        self.nouns = rng.sample(NOUNS, 30)
        self.verbs = rng.sample(VERBS, 15)
        self.adjectives = rng.sample(ADJECTIVES, 15)

    def name(self) -> str:
        choice = self.rng.choice
        return (choice(SYLLABLES) + choice(SYLLABLES) + choice(ENDINGS)).capitalize()

    def time(self) -> str:
        choice, roll = self.rng.choice, self.rng.random()
        if roll < 0.5:
            return f"on {choice(DAYS)}"
        if roll < 0.75:
            return f"on {choice(MONTHS)} {self.rng.randint(1, 28)}"
        return f"in {choice(MONTHS)} {self.rng.randint(1950, 2024)}"

    def thing(self) -> str:
        choice, roll = self.rng.choice, self.rng.random()
        if roll < 0.3:
            return f"the {choice(self.nouns)}"
        if roll < 0.4:
            return f"the {choice(self.places)} {choice(self.nouns)}"
        if roll < 0.75:
            article = choice(("the", "a", "its", "their", "one"))
            return f"{article} {choice(self.adjectives)} {choice(self.nouns)}"
        return f"the {choice(self.nouns)} of {choice(self.places)}"

    def clause(self) -> str:
        choice, roll = self.rng.choice, self.rng.random()
        subject = choice(self.people) if roll < 0.3 else self.thing()
        tail = f" {choice(PREPOSITIONS)} {self.thing()}" if roll < 0.7 else ""
        return f"{subject} {choice(self.verbs)} {self.thing()}{tail}"

    def sentence(self) -> str:
        """About fourteen words."""
        choice, roll = self.rng.choice, self.rng.random()
        clause = self.clause()
        if roll < 0.25:
            text = f"{clause} {self.time()}, {choice(self.people)} {choice(SAID)}"
        elif roll < 0.45:
            text = f"{clause} and {choice(self.verbs)} {self.thing()} {self.time()}"
        elif roll < 0.6:
            text = f"{self.time()}, {clause}, while {self.clause()}"
        elif roll < 0.75:
            text = f"{choice(self.people)} {choice(SAID)} that {clause}"
        elif roll < 0.9:
            many = f"{self.rng.randint(3, 980)} {choice(self.nouns)}s"
            text = f"{many} {choice(self.verbs)} {self.thing()} {self.time()}, as {clause}"
        else:
            text = f"{clause} although {self.clause()}"
        return text[0].upper() + text[1:] + "."

    def sentences(self, n: int) -> list[str]:
        return [self.sentence() for _ in range(n)]

    def headline(self) -> str:
        return self.clause().replace("the ", "").capitalize()


def record(number: int, outlet: str, title: str, text: str, minute: int = 0) -> dict[str, Any]:
    return {
        "id": f"a{number}",
        "outlet": outlet,
        "title": title,
        "text": text,
        "published": f"2025-03-{1 + minute // 1440 % 28:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}Z",
    }


def furniture(outlet: str) -> tuple[str, str]:
    """What an outlet prints above and below everything, about fifteen and thirty words."""
    desk = Desk(f"furniture of {outlet}")
    above = f"{outlet} {' '.join(noun.capitalize() for noun in desk.rng.sample(NOUNS, 12))}"
    below = f"{desk.sentence()} {desk.name()} {outlet} {desk.name()}. {desk.sentence()}"
    return above, below


def strangers(n: int, outlets: int, *, seed: object = 0, sentences: int = 9) -> Iterator[dict[str, Any]]:
    """Unrelated articles, each in the furniture of its outlet."""
    dress = [furniture(f"Outlet {k}") for k in range(outlets)]
    for number in range(n):
        desk = Desk(f"stranger {seed} {number}")
        above, below = dress[number % outlets]
        body = "\n\n".join([above, *desk.sentences(sentences), below])
        yield record(number, f"Outlet {number % outlets}", desk.headline(), body, desk.rng.randrange(40_000))


def carried(name: object, outlets: list[str], *, first: int, sentences: int = 10) -> Iterator[dict[str, Any]]:
    """One story as outlets carry it, each under a headline, with a cut and in furniture of its own."""
    desk = Desk(f"story {name}")
    body = desk.sentences(sentences)
    for k, outlet in enumerate(outlets):
        kept = body[: desk.rng.randint(sentences // 2, sentences)]
        if k % 3 == 2:  # a desk that drops a sentence from the middle and adds one of its own
            kept[desk.rng.randrange(1, len(kept))] = desk.sentence()
        above, below = furniture(outlet)
        text = "\n\n".join([above, *kept, below])
        yield record(first + k, outlet, desk.headline(), text, desk.rng.randrange(2_880))


def revisions(name: object, n: int, *, first: int, sentences: int = 12) -> Iterator[dict[str, Any]]:
    """A story revised n times, one sentence at a time; two revisions `sentences` apart share no sentence."""
    desk = Desk(f"revisions {name}")
    body = desk.sentences(sentences)
    for k in range(n):
        body[k % sentences] = desk.sentence()
        yield record(first + k, f"Outlet {k % 40}", desk.headline(), "\n\n".join(body), 10 * k)


def round_up(name: object, outlets: list[str], *, first: int) -> Iterator[dict[str, Any]]:
    """Five briefs, each as every outlet carries it (with a sentence added), and last a text of all five."""
    desks = [Desk(f"brief {name} {k}") for k in range(5)]
    briefs = [desk.sentences(4) for desk in desks]
    for k, (desk, brief) in enumerate(zip(desks, briefs, strict=True)):
        for i, outlet in enumerate(outlets):
            text = "\n\n".join([*brief, desk.sentence()])
            yield record(first + k * len(outlets) + i, outlet, desk.headline(), text, 10 * i)
    whole = "\n\n".join(sentence for brief in briefs for sentence in brief)
    yield record(first + 5 * len(outlets), "Morning Digest", "News in brief", whole, 1000)


PLACEHOLDERS = {
    "404": "404 not found. Sorry, the page you requested could not be found. It may have been moved or "
    "deleted, or the address may have been typed incorrectly. Go to the home page or use the search box.",
    "paywall": "Subscribe to read this story. You have reached your limit of free articles this month. Sign "
    "in if you have an account, or subscribe for unlimited access on all your devices. Cancel any time.",
    "short": "404 not found. The page you asked for is not here.",
    "expired": "This article is no longer available. Our licence agreement with the agency that supplied it "
    "has expired and it was removed from our archive on the date agreed with the agency.",
}
"""Pages without their article; the short one is compared with its title, the last has no interface words."""


def placeholders(
    n: int, outlets: list[str], *, first: int, text: str, last_line: bool
) -> Iterator[dict[str, Any]]:
    """A page without its article under its headline; `last_line`: with a line that always differs."""
    for k in range(n):
        desk = Desk(f"placeholder {k}")
        more = f"\\n\\n{desk.name()} {desk.rng.randrange(10**6)}: {desk.headline()}" if last_line else ""
        yield record(
            first + k, outlets[k % len(outlets)], desk.headline(), text + more, desk.rng.randrange(40_000)
        )


DRAW = """The winning numbers in the {day} evening drawing of the {place} Lottery were {balls}, with a
bonus ball of {bonus}. The jackpot for the drawing stood at {jackpot} million. Officials said {winners:,}
tickets won a prize, among them {fives} that matched five numbers and are worth {prize:,} each. A ticket
sold at a shop in {shop} matched four numbers and the bonus ball. Players have 180 days from the date of
the drawing to claim a prize at any retailer or at the lottery office in {office}. The next drawing will
be held on {next_day} with an estimated jackpot of {next_jackpot} million. Tickets are on sale until half
an hour before the drawing. Please play responsibly."""

CLOSE = """The {place} 100 index {way} {a} points, or {b} percent, to close at {level:,} on {day}. The
broader {place} All Share {other} {c} points to {broad:,}. {best} was the best performer of the session,
adding {d} percent, while {worst} was the worst, losing {e} percent. Advancing issues outnumbered
decliners by {up} to {down} and {same} ended unchanged. Volume was {volume} million shares, compared with
an average of {average} million over the last 20 trading days. Gold for delivery in {month} {other} {f} to
settle at {gold:,} an ounce. Crude oil {way} {g} percent to {h} a barrel."""


def lottery(number: int) -> tuple[str, str]:
    """Headline and text of a draw: 120 words, of which some thirty are filled in."""
    desk = Desk(f"draw {number}")
    whole, choice = desk.rng.randint, desk.rng.choice
    place, shop, office = desk.places
    balls = ", ".join(str(ball) for ball in sorted(desk.rng.sample(range(1, 50), 6)))
    text = DRAW.format(
        day=choice(DAYS), place=place, balls=balls, bonus=whole(1, 49), jackpot=whole(20, 950) / 10,
        winners=whole(1000, 90_000), fives=whole(0, 9), prize=whole(1000, 90_000), shop=shop, office=office,
        next_day=choice(DAYS), next_jackpot=whole(2, 95),
    )  # fmt: skip
    return f"{place} Lottery winning numbers: {balls}", text


def market_close(number: int) -> tuple[str, str]:
    """Headline and text of a day's trading: 115 words, of which some thirty are filled in."""
    desk = Desk(f"close {number}")
    whole, choice = desk.rng.randint, desk.rng.choice
    way, other = choice((("rose", "fell"), ("fell", "rose")))
    points = {name: whole(100, 9999) / 100 for name in "abcdefgh"}
    text = CLOSE.format(
        place=desk.places[0], way=way, other=other, day=choice(DAYS), level=whole(10**5, 3 * 10**6) / 100,
        broad=whole(1000, 9000), best=desk.name(), worst=desk.name(), up=whole(100, 900),
        down=whole(100, 900), same=whole(10, 99), volume=whole(100, 900), average=whole(100, 900),
        month=choice(MONTHS), gold=whole(1000, 2900), **points,
    )  # fmt: skip
    return f"{desk.places[0]} shares close {'higher' if way == 'rose' else 'lower'}", text
