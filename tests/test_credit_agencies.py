"""Every agency of the shipped table: found by each name in each sort of credit, not where it is quoted."""

from __future__ import annotations

import re

import pytest

from dedup.text.credit import Agency, find_credit, is_agency_outlet, load_agencies

AGENCIES = {agency.name: agency for agency in load_agencies()}
NAMED = {name: agency for name, agency in AGENCIES.items() if agency.own_site}


def names_of(agency: Agency, *strengths: str) -> list[str]:
    return [name for strength in strengths for name in getattr(agency, strength)]


def is_latin(name: str) -> bool:
    return re.fullmatch(r"[\x20-\u024f]+", name) is not None


ASKED = """
AP, Reuters, AFP, PTI, ANI, IANS, Xinhua, TASS, EFE, dpa, ANSA, Kyodo, Yonhap, Bernama, AAP, PA Media, CP
UPI, Bloomberg, CNN Newsource, NYT News Service, Washington Post News Service, Tribune News Service
States Newsroom, The Conversation, UNI, Jiji, Anadolu, IRNA, SPA, WAM, NAN, GNA, Interfax, RIA, Belga, NTB
TT, Ritzau, Lusa, APA, Keystone-SDA, PAP, CTK, MTI, KNA, epd, Europa Press, Télam, Noticias Argentinas
Notimex, Agência Brasil, Estadão Conteúdo, HT Syndication, KFF Health News, ProPublica, Stacker
Inside Climate News, The Center Square
"""


def test_the_agencies_that_people_meet_are_there() -> None:
    assert {name for line in ASKED.strip().splitlines() for name in line.split(", ")} <= AGENCIES.keys()


@pytest.mark.parametrize("name", NAMED)
def test_an_agency_is_known_by_each_of_its_names(name: str) -> None:
    agency = NAMED[name]
    for written in filter(is_latin, names_of(agency, "full", "short", "weak")):
        bare = written.removeprefix("©").strip("/")
        dated = find_credit(text=f"LIMA, March 4, 2024 ({bare}) - The mill has closed.")
        assert dated is not None, bare
        assert (dated.agency, dated.kind, dated.tier) == (name, "dateline", "sure")
        field = find_credit(credit=bare)
        assert field is not None, bare
        assert (field.agency, field.kind) == (name, "metadata")
        inputs = find_credit(text=f"The mill has closed.\n(With inputs from {bare})")
        assert inputs is not None, bare
        assert (inputs.agency, inputs.kind, inputs.tier) == (name, "credit-line", "likely")
    for written in filter(is_latin, names_of(agency, "full", "short")):
        bare = written.strip("/")
        cases = (
            ("dateline", f"LIMA ({bare}) — The mill has closed."),
            (
                "byline",
                f"By Jane Doe, {bare}\nThe mill has closed." if " " in bare else f"By {bare}\nIt closed.",
            ),
            ("copyright", f"The mill has closed.\nCopyright 2024 {bare}. All rights reserved."),
            ("credit-line", f"This article was originally published by {bare}."),
        )
        for kind, text in cases:
            found = find_credit(text=text)
            assert found is not None, text
            assert (found.agency, found.kind, found.tier) == (name, kind, "sure"), text


@pytest.mark.parametrize("name", AGENCIES)
def test_an_agency_is_known_by_its_sites_sections_and_wordings(name: str) -> None:
    agency = AGENCIES[name]
    for host in agency.domains:
        own = find_credit(url=f"https://www.{host}/2024/03/04/mill-closes")
        assert own is not None
        assert (own.agency, own.kind, own.tier) == (name, "url", "sure")
        assert is_agency_outlet(None, f"https://{host}/mill")
        assert find_credit(url=f"https://not{host}/mill") is None
    for section in agency.paths:
        part = section.replace("*", "world")
        found = find_credit(url=f"https://news.example/{part}/mill-closes")
        assert found is not None, section
        assert (found.agency, found.kind) == (name, "url")
        assert found.tier in ("likely", "hint")
    for wording, tier in agency.phrases:
        found = find_credit(text=f"The mill has closed. {wording}, and so on.")
        assert found is not None, wording
        assert (found.agency, found.kind) == (name, "credit-line")
        assert found.evidence.startswith(wording) or found.tier == "sure" != tier


# {} is the agency: it is quoted, polled with, looked at through or written about.
QUOTED = """
The minister told {} that rain was likely.
The minister said in an interview with {} on Monday.
"It will rain," the minister told {}.
The mill has closed, according to {}.
The mill has closed, {} reported on Monday, citing the owner.
The letter, seen by {}, was signed.
The letter was first reported by {}.
In a report by {} the mill was said to be closed.
A {}/Ipsos poll found that people like bread.
The {} poll asked 1,000 adults.
A {} reporter saw the mill burn.
The mill at dusk. ({}/Jane Doe)
The mill at dusk. (Jane Doe/{})
Photo: {}
Photo by Jane Doe for {}
The mill at dusk. Photograph: Jane Doe/{}
Image source, {}
Getty Images via {}
(Photo by Jane Doe / {})
The minister, who used to work for {}, resigned.
Follow @{} for more.
""".strip().splitlines()


@pytest.mark.parametrize("line", QUOTED)
def test_an_agency_that_is_quoted_is_not_credited(line: str) -> None:
    for name, agency in NAMED.items():
        for written in names_of(agency, "full", "short", "weak"):
            for text in (
                line.format(written),
                f"The mill\n\n{line.format(written)}\n\nIt had stood for a century.",
            ):
                found = find_credit(text=text)
                assert found is None, (name, text, found)


# What a page shows: found by reading real ones, written anew.
LOOK_ALIKES = """
Senator Jane Doe on the hill, May 11, 2017 (Eli Roe/Reuters)¶The senator is right.
Harbor City, December 29, 2018. (Ann M. Poe/Reuters)¶Its importance goes beyond oil.
Jane Doe. (Reuters/Eli Roe) More to come.
The mill, seen on April 10, 2018. (Photo: Eli Roe/AP)¶It closed.
The vote was called.¶¶The Associated Press¶¶The winner spoke about her plans.
The mill. (AP Photo/Eli Roe, File)                              (Copyright 2017 The Associated Press.)
"""


@pytest.mark.parametrize("text", [line.replace("¶", "\n") for line in LOOK_ALIKES.strip().splitlines()])
def test_what_signs_a_picture_is_no_dateline(text: str) -> None:
    assert find_credit(text=text) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/story/money/2015/03/11/ap-files-lawsuit-over-email/70151508/",
        "https://news.example/front/AP-Poll-nation-wrong/2014/08/06/id/587282/",
        "https://news.example/politics/bloomberg-rolls-out-plan/story?id=68581644",
        "https://news.example/blog/2013/11/20/cnn-buys-a-mill/196984",
    ],
)
def test_a_headline_in_a_url_is_no_section(url: str) -> None:
    assert find_credit(url=url) is None


@pytest.mark.parametrize(
    ("byline", "tier"),
    [
        ("Jane Doe, Eli Roe, Associated Press", "sure"),
        ("Jane Doe, Eli Roe, Sam Poe and Ann Low, Associated Press", "sure"),
        ("JANE DOE, ELI ROE, SAM POE, Associated Press", "sure"),
        ("Associated Press, Jane Doe, Eli Roe, Sam Poe, Ann Low", "hint"),
        ("Jane Doe, Eli Roe, Harbor Times Staff, Associated Press, Sam Poe", None),
        ("Jane Doe, Follow Jane On, News Services, Eli Roe", None),
    ],
)
def test_a_field_full_of_names_is_no_byline(byline: str, tier: str | None) -> None:
    found = find_credit(byline=byline)
    assert (found and found.tier) == tier
