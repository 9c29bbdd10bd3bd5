"""Wire credits: what counts as one, what only looks like one, and that the span proves it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.article import ARTICLE_SCHEMA
from dedup.errors import SettingsError
from dedup.text.credit import HEAD, TAIL, Agency, find_credit, find_credits, is_agency_outlet, load_agencies

# agency | tier and kind | text, its evidence in double brackets; ¶ is a line end
CREDITED = """
Reuters | sure dateline | ⟦AMMAN (Reuters) -⟧ Rain fell on the capital.
AP | sure dateline | ⟦WASHINGTON (AP) —⟧ The bridge will reopen in June.
Reuters | sure dateline | ⟦(Reuters) -⟧ The baker lowered its outlook.
Xinhua | sure dateline | ⟦Beijing, March 4 (Xinhua) --⟧ The orchard opened.
AFP | sure dateline | ⟦LONDON, Nov 25, (AFP)⟧¶The ferry sank slowly.
AFP | sure dateline | ⟦Paris, 4 mars 2024 (AFP) -⟧ Le pont est ouvert.
PTI | sure dateline | ⟦New Delhi, Mar 4 (PTI)⟧ The monsoon came early.
ANI | sure dateline | ⟦New Delhi [India], March 4 (ANI):⟧ The train left.
IANS | sure dateline | ⟦Mumbai, March 4 (IANS)⟧ A whale was seen.
UNI | sure dateline | ⟦Srinagar, Mar 4 (UNI)⟧ Snow closed the pass.
TASS | sure dateline | ⟦MOSCOW, March 4. /TASS/⟧. The rink opened.
TASS | sure dateline | ⟦МОСКВА, 4 марта. /ТАСС/⟧. Каток открыт.
RIA | sure dateline | ⟦MOSCOW, March 4 (RIA Novosti) -⟧ A new tram.
Interfax | sure dateline | ⟦KIEV. March 4 (Interfax-Ukraine) -⟧ The dam holds.
EFE | sure dateline | ⟦Madrid, 4 mar (EFE).-⟧ El puente abre en junio.
dpa | sure dateline | ⟦Berlin (dpa) -⟧ Der Zoo hat ein neues Nashorn.
dpa | sure dateline | ⟦Berlin (dpa/tmn) -⟧ Der Zoo hat ein Nashorn.
ANSA | sure dateline | ⟦(ANSA) -⟧ ROMA, 4 MAR - Il ponte riapre.
Kyodo | sure dateline | ⟦TOKYO, March 4 (Kyodo) --⟧ Plum trees bloom.
Jiji | sure dateline | ⟦Tokyo, March 4 (Jiji Press)--⟧Plum trees bloom.
Yonhap | sure dateline | ⟦SEOUL, March 4 (Yonhap) --⟧ A bakery strike ended.
Yonhap | sure dateline | ⟦(서울=연합뉴스)⟧ 김하나 기자 = 비가 왔다.
Reuters | sure dateline | ⟦[ロンドン 4日 ロイター] -⟧ 橋が開通した。
Xinhua | sure dateline | ⟦新华社北京3月4日电⟧ 公园开放。
Reuters | sure dateline | ⟦عمان (رويترز) -⟧ هطل المطر على العاصمة.
Bernama | sure dateline | ⟦KUALA LUMPUR, March 4 (Bernama) --⟧ Durians.
Antara | sure dateline | ⟦Jakarta (ANTARA) -⟧ The volcano calmed down.
AAP | sure dateline | ⟦SYDNEY, March 4 (AAP) -⟧ The koala was found.
CP | sure dateline | ⟦TORONTO (CP) —⟧ The lake froze over.
UPI | sure dateline | ⟦MIAMI, March 4 (UPI) --⟧ A manatee was freed.
Bloomberg | sure dateline | ⟦(Bloomberg) --⟧ Cocoa prices fell on Monday.
CNN Newsource | likely dateline | ⟦Lima (CNN)⟧ Rescue teams found the hikers.
CNN Newsource | likely dateline | ⟦DAYTON, Ohio (WXYZ/CNN) –⟧ A moose came to town.
Anadolu | sure dateline | ⟦Ankara (Anadolu) -⟧ The kilns are lit again.
Lusa | sure dateline | ⟦Lisboa, 4 mar (Lusa) –⟧ A ponte abriu.
Belga | sure dateline | ⟦BRUSSELS, 4 March (Belga) -⟧ The canal is clean.
APA | sure dateline | ⟦WIEN (APA) -⟧ Der Ball findet statt.
Petra | sure dateline | ⟦Amman, March 4 (Petra) –⟧ Wheat arrived.
WAM | sure dateline | ⟦ABU DHABI, 4th March, 2024 (WAM) --⟧ A falcon won.
SPA | sure dateline | ⟦Riyadh, March 4, 2024, SPA --⟧ The museum opened.
Business Wire | sure dateline | ⟦MELROSE, N.Y.--(BUSINESS WIRE)--⟧Acme makes anvils.
AP | sure dateline | Home¶Share¶⟦VERO BEACH, Fla. (AP) —⟧ A pelican rests.
AP | sure dateline | A pelican, at rest. ⟦VERO BEACH, Fla. (AP) —⟧ It rests.
Tribune News Service | likely dateline | Eli Roe¶⟦Harbor City Times (TNS)⟧¶LIMA — It rained.
AP | sure byline | ⟦By Jane Doe, Associated Press⟧¶The mill is closed.
AP | sure byline | ⟦By JANE DOE Associated Press⟧¶June 1¶The mill closed.
AP | sure byline | ⟦By JANE DOE AP Hockey Writer⟧¶The rink is closed.
AP | sure byline | By Jane Doe¶⟦Associated Press Writer⟧¶The mill closed.
Reuters | sure byline | ⟦By Reuters⟧¶July 15¶The mill is closed.
AP | sure byline | ⟦By The Associated Press⟧¶The mill is closed.
CNN Newsource | sure byline | ⟦By Jane Doe, CNN⟧¶Posted: 7:37 PM¶The mill closed.
AP | sure byline | ⟦Author: Associated Press⟧¶The mill is closed.
Reuters | sure byline | Mill closes¶⟦Reuters Staff⟧¶3 min read
AP | likely byline | Mill closes¶⟦The Associated Press⟧¶LIMA¶It closed.
AP | likely byline | Mill closes¶⟦Jane Doe, Associated Press⟧¶It closed.
AP | likely byline | Mill closes¶⟦Jane DoeAssociated Press⟧¶It closed.
AP | hint byline | Mill closes¶⟦AP⟧¶July 16, 2018¶It closed.
PTI | likely credit-line | It closed.¶(⟦With inputs from PTI⟧)
agencies | hint credit-line | It closed. ⟦With inputs from agencies⟧
agencies | hint credit-line | It closed. (⟦With agency inputs⟧)
ANI | sure credit-line | (This story is published from a ⟦syndicated feed of ANI⟧.)
agencies | likely credit-line | It was not edited by our staff and is ⟦auto-generated from a syndicated feed⟧.
Reuters | likely credit-line | It closed. ⟦(Reporting by Jane Doe in Lima; Editing by Eli Roe)⟧
Reuters | likely credit-line | It closed. ⟦Reporting by A. Doe, B. Roe; writing by C. Poe; editing by D. Low⟧
CP | hint credit-line | It closed.¶— ⟦With files from The Canadian Press⟧
AP | hint credit-line | The ⟦Associated Press contributed to this report⟧.
AP | likely credit-line | ⟦Associated Press writer Jane Doe in Lima contributed.⟧
Reuters | hint credit-line | It closed. ⟦This report contains material from Reuters⟧.
AP | hint credit-line | It closed. ⟦Material from the Associated Press was used⟧.
AP | hint credit-line | ⟦Contributing: Jane Doe; The Associated Press⟧
Xinhua | likely credit-line | It closed.¶⟦Source: Xinhua⟧
ANI | likely credit-line | The mill closed, he said. ⟦(ANI)⟧
PTI | likely credit-line | The mill closed, he said. ⟦PTI ABC DEF⟧
AFP | likely credit-line | The mill closed, he said. ⟦— AFP⟧
The Conversation | sure credit-line | ⟦This article is republished from The Conversation⟧.
The Conversation | sure credit-line | Doves: this essay was ⟦originally published on The Conversation⟧.
NYT News Service | sure credit-line | ⟦This story first appeared in the New York Times⟧.
States Newsroom | likely credit-line | The Harbor Sentinel ⟦is part of States Newsroom⟧.
Tribune News Service | sure credit-line | It closed. ⟦Distributed by Tribune Content¶Agency⟧, LLC.
CNN Newsource | sure credit-line | ⟦The-CNN-Wire⟧
AP | sure copyright | ⟦Copyright 2024 The Associated Press. All rights reserved⟧.
AFP | sure copyright | It closed. ⟦© 2024 AFP⟧
AP | sure copyright | ⟦Copyright 2019 by The Associated Press⟧
Reuters | sure copyright | ⟦© 2018 Thomson/Reuters. All rights reserved⟧.
CNN Newsource | likely copyright | ⟦Copyright 2019 WXYZ via CNN. All rights reserved⟧.
PA Media | sure copyright | ⟦(c) 2024 PA Media, all rights reserved⟧
"""

# An agency is named, and the text is not the agency's.
NOT_CREDITED = """
The minister told Reuters that rain was likely.
The mill closed, Reuters reported on Monday.
Reuters reported that smoke contributed to the delay.
According to the AP, the mill closed.
A Reuters/Ipsos poll found that people like bread.
She spoke on CNN on Sunday.
The CNN/ORC Poll was conducted by telephone.
(AP Photo/Jane Doe)
The mill at dusk. (AP Photo/Jane Doe, File)
Photo: Reuters
Photo: Jane Doe, AP
Photo: Jane Doe, Associated Press
Image copyright AFP Image caption The mill
Image source, Reuters
The mill in 2013. (Reuters photo: Jane Doe)
The mill in 2013. (Jane Doe/Reuters)
Enlarge this image toggle caption Jane Doe/AP Jane Doe/AP
JANE DOE/THE ASSOCIATED PRESS¶The mill closed.
Jane Doe/AFP/Getty Images
© AFP 2024 / Jane Doe
The mill. (Harbor Police Department via AP)
Photo © 2019 AP
Credit: The Associated Press
Aam Aadmi Party (AAP) - the ruling party of the city - met.
Pakistan Tehreek-e-Insaf (PTI) - the party - met.
Press Trust of India (PTI) - a news agency - was founded in 1947.
Advanced Placement (AP) — a course for pupils — is popular.
The teacher of the class (AP) - she said - left.
Canadian Pacific (CP) - the railway - grew.
The UNI of the north opened.
PA systems fail when it rains.
He paid by card, by Reuters standards a rare thing.
The picture was found by Reuters, he said.
Government agencies met in Lima.
The agency said it would appeal.
Michael Bloomberg ran for office.
Petra, an old city, drew visitors.
Petra (a city) - travellers love it.
Ria said it would rain. Ani and Antara agreed.
By AP standards the mill is small.
Follow @Reuters for more.
CAPITAL and NAPS and UNIT and SPAN.
The AP Stylebook was revised.
In the conversation, nobody spoke of wire services.
The reporters, with information from Reuters in hand, went home.
In line with reports from Reuters, he resigned.
Source: Reuters/Ipsos poll of 1,000 adults
© 2024 The Harbor Sentinel. All rights reserved.
The Reuters building is for sale. The editing by hand took days.
The baker (AP reports say) closed.
Nobody knew (Reuters)
The mill closed. (Reuters)¶The dam holds. (AFP)¶And more of the review of the press follows below.
ERIE, PA – The mill closed.
March 4 - ERIE, PA -- The mill closed.
Word of the inquiry first appeared in the New York Times. It closed.
"""


def lines(table: str) -> list[str]:
    return [line.replace("¶", "\n") for line in table.strip().splitlines()]


@pytest.mark.parametrize("line", lines(CREDITED))
def test_a_credit_is_found_with_its_exact_span(line: str) -> None:
    agency, sort, marked = line.split(" | ", 2)
    text = marked.replace("⟦", "").replace("⟧", "")
    found = find_credit(text=text)
    assert found is not None
    assert (found.agency, f"{found.tier} {found.kind}", found.field) == (agency, sort, "text")
    assert f"{text[: found.start]}⟦{found.evidence}⟧{text[found.end :]}" == marked
    assert text[found.start : found.end] == found.evidence


@pytest.mark.parametrize("text", lines(NOT_CREDITED))
def test_a_name_alone_is_no_credit(text: str) -> None:
    assert find_credit(text=text) is None


@pytest.mark.parametrize(
    ("byline", "agency", "tier"),
    [
        ("PTI", "PTI", "sure"),
        ("Reuters Staff", "Reuters", "sure"),
        ("Jane Doe, Associated Press", "AP", "sure"),
        ("JANE DOE and ELI ROE, AP Sports Writers", "AP", "sure"),
        ("JANE DOE - Associated Press", "AP", "sure"),
        ("By Jane Doe Associated Press", "AP", "likely"),
        ("The Associated Press, Associated Press", "AP", "sure"),
        ("Afp Afp", "AFP", "likely"),
        ("Harbor Times Editorial Board (via TNS)", "Tribune News Service", "sure"),
        ('["Agence France-Presse"]', "AFP", "sure"),
        ("Wire", "agencies", "hint"),
        ("Jane Doe", None, None),
        ("Ani Smith", None, None),
        ("RIA NOVAK", None, None),
        ("Photo by AP", None, None),
        ("AP/Getty Images", None, None),
        ("Michael Bloomberg", None, None),
    ],
)
def test_bylines(byline: str, agency: str | None, tier: str | None) -> None:
    found = find_credit(byline=byline)
    assert (found and found.agency, found and found.tier) == (agency, tier)
    if found:
        assert (found.kind, found.field) == ("byline", "byline")
        assert byline[found.start : found.end] == found.evidence


@pytest.mark.parametrize(
    ("credit", "agency"),
    [
        ("AP", "AP"),
        ("Source: Reuters", "Reuters"),
        ("The Canadian Press", "CP"),
        ("AAP", "AAP"),
        ("With inputs from ANI", "ANI"),
        ("© 2024 AFP", "AFP"),
        ("AP Photo/Jane Doe", None),
        ("Our correspondent", None),
    ],
)
def test_credit_fields(credit: str, agency: str | None) -> None:
    found = find_credit(credit=credit)
    assert (found and found.agency) == agency
    if found:
        assert (found.kind, found.field) == ("metadata", "credit")
        assert credit[found.start : found.end] == found.evidence


@pytest.mark.parametrize(
    ("url", "agency", "tier", "evidence"),
    [
        ("https://news.example/reuters/mill-closes-1", "Reuters", "likely", "/reuters"),
        ("https://news.example/ap/mill-closes", "AP", "likely", "/ap"),
        ("https://news.example/ap-world-news/2025/mill", "AP", "likely", "/ap-world-news"),
        ("https://news.example/sports/cnn-sports/2025/09/mill/", "CNN Newsource", "likely", "/cnn-sports"),
        ("https://www.reuters.com/world/mill-closes", "Reuters", "sure", "www.reuters.com"),
        ("https://news.example/repub/mill", "agencies", "hint", "/repub"),
        ("https://news.example/education/ap-calculus-tips", None, None, None),
        ("https://news.example/map/apple/cnnish/mill", None, None, None),
        ("https://notreuters.com/mill", None, None, None),
        ("https://news.example/mill?from=/reuters/", None, None, None),
        ("not a url", None, None, None),
    ],
)
def test_urls(url: str, agency: str | None, tier: str | None, evidence: str | None) -> None:
    found = find_credit(url=url)
    assert (found and found.agency, found and found.tier, found and found.evidence) == (
        agency,
        tier,
        evidence,
    )
    if found:
        assert url[found.start : found.end] == found.evidence


def test_titles_and_outlets() -> None:
    bar = find_credit(title="Mill closes | Reuters")
    assert bar is not None
    assert (bar.tier, bar.field, bar.evidence) == ("likely", "title", "| Reuters")
    dash = find_credit(title="Mill closes - Reuters")
    assert dash is not None
    assert dash.tier == "hint"
    assert find_credit(title="Reuters sells mill") is None
    assert find_credit(title="Mill to close: Reuters") is None
    outlet = find_credit(outlet="Reuters")
    assert outlet is not None
    assert (outlet.tier, outlet.kind, outlet.field) == ("sure", "metadata", "outlet")
    assert find_credit(outlet="The Harbor Sentinel") is None
    assert find_credit() is None
    assert find_credit(text="", title="", byline="", credit="", url="", outlet="") is None


@pytest.mark.parametrize(
    ("outlet", "url", "own"),
    [
        ("Reuters", None, True),
        ("The Associated Press", None, True),
        ("AP News", None, True),
        ("apnews.com", "https://apnews.com/article/1", True),
        (None, "https://edition.cnn.com/2024/mill", True),
        ("The Harbor Sentinel", "https://harbor.example/reuters/1", False),
        ("PA", None, False),
        ("agencies", None, False),
        (None, "https://fakereuters.com/x", False),
        (None, None, False),
        ("", "", False),
    ],
)
def test_the_agency_s_own_site(outlet: str | None, url: str | None, own: bool) -> None:
    assert is_agency_outlet(outlet, url) is own


def test_the_strongest_wins_and_among_equals_the_earliest() -> None:
    text = "By Jane Doe, Associated Press\nLIMA (AP) — It rained.\nReuters contributed to this report."
    found = find_credit(text=text)
    assert found is not None
    assert (found.agency, found.kind) == ("AP", "byline")
    hint_first = find_credit(text="AFP contributed to this report.\nCopyright 2024 The Associated Press.")
    assert hint_first is not None
    assert hint_first.agency == "AP"
    both = find_credit(text="LIMA (AP) — It rained.", credit="Reuters")
    assert both is not None
    assert both.field == "credit"


def test_the_middle_of_a_long_text_is_not_searched() -> None:
    filler = "It rained on the mill. "
    middle = filler * 200 + "\nLIMA (AP) — It rained.\nCopyright 2024 The Associated Press.\n" + filler * 200
    assert find_credit(text=middle) is None
    end = filler * 200 + "\nCopyright 2024 The Associated Press."
    found = find_credit(text=end)
    assert found is not None
    assert end[found.start : found.end] == found.evidence
    assert found.start > HEAD + TAIL
    # A dateline at the end opens another story.
    assert find_credit(text=filler * 200 + "\nLIMA (AP) — It rained.") is None


def test_find_credits_gives_one_answer_a_row() -> None:
    empty: dict[str, object] = dict.fromkeys(ARTICLE_SCHEMA.names)
    batch = pa.RecordBatch.from_pylist(
        [
            empty | {"text": "LIMA (AP) — It rained.", "file": "f", "line": 1},
            empty | {"text": "It rained.", "file": "f", "line": 2},
            empty | {"title": "It rained", "byline": "PTI", "file": "f", "line": 3},
            empty | {"file": "f", "line": 4},
        ],
        schema=ARTICLE_SCHEMA,
    )
    want = ["AP", None, "PTI", None]
    assert [found and found.agency for found in find_credits(batch)] == want
    table = pa.Table.from_batches([batch] * 200)
    assert [found and found.agency for found in find_credits(table)] == want * 200
    assert find_credits(table.slice(0, 0)) == []
    assert find_credits(pa.table({"other": [1, 2]})) == [None, None]


def test_broken_bytes_do_not_stop_a_batch() -> None:
    raw = pa.array([b"LIMA (AP) \xe2\x80\x94 It rained. \xff\xfe", b"It rained."])
    broken = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    found = find_credits(pa.table({"text": broken}))
    assert [one and one.agency for one in found] == ["AP", None]


def test_a_user_adds_agencies_and_names(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    mine = [
        {"name": "Harbor Wire", "full": ["Harbor Wire"], "domains": ["harborwire.example"]},
        {"name": "AP", "short": ["A.P."]},
    ]
    path.write_text(json.dumps({"format": 1, "agencies": mine}))
    agencies = load_agencies(path)
    assert len(agencies) == len(load_agencies()) + 1
    for text, want in [
        ("LIMA (Harbor Wire) - It rained.", "Harbor Wire"),
        ("LIMA (A.P.) — It rained.", "AP"),
    ]:
        found = find_credit(text=text, agencies=agencies)
        assert found is not None
        assert found.agency == want
        assert find_credit(text=text) is None
    still = find_credit(text="LIMA (AP) — It rained.", agencies=agencies)
    assert still is not None
    assert find_credit(text="LIMA (AP) — It rained.", agencies=()) is None
    assert find_credit(text="LIMA (X.*) - It rained.", agencies=[Agency("X", full=("X.*",))]) is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "format 1"),
        ('{"format": 2, "agencies": []}', "format 1"),
        ('{"format": 1, "agencies": [{"full": ["X"]}]}', 'entry 1: no "name"'),
        ('{"format": 1, "agencies": [{"name": "X", "full": "X"}]}', "'full' must be a list"),
        ('{"format": 1, "agencies": [{"name": "X", "ful": ["X"]}]}', "unknown member 'ful'"),
        ('{"format": 1, "agencies": [{"name": "X", "phrases": ["y"]}]}', "a phrase is"),
        ('{"format": 1, "agencies": [{"name": "X", "tier_cap": "maybe"}]}', "'tier_cap' must be one of"),
        ('{"format": 1, "agencies": [{"name": "X", "own_site": 1}]}', "must be true or false"),
    ],
)
def test_a_wrong_table_is_one_clear_error(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        load_agencies(path)
    assert words in str(caught.value)
    assert "mine.json" in str(caught.value)


def test_a_missing_table_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read the agencies file"):
        load_agencies(tmp_path / "none.json")


def test_the_shipped_table_names_the_agencies_people_meet() -> None:
    names = {agency.name for agency in load_agencies()}
    wanted = "AP Reuters AFP PTI ANI IANS UNI Xinhua TASS RIA Interfax EFE dpa ANSA Kyodo Jiji Yonhap Bernama"
    more = "Antara AAP CP UPI Bloomberg Anadolu Lusa Belga APA Petra WAM SPA agencies"
    assert names >= {*wanted.split(), *more.split(), "PA Media", "CNN Newsource", "The Conversation"}


HOSTILE = {
    "names": "AP " * 350_000,
    "parenthesised": "(AP) " * 200_000,
    "letters": "A" * 1_000_000,
    "capitals": "AB, CD. " * 130_000,
    "brackets": "(" * 1_000_000,
    "blanks": " " * 1_000_000,
    "blank tail": "AP" + " " * 1_000_000 + "x",
    "lines": "\n" * 1_000_000,
    "short lines": "AP\n" * 330_000,
    "endless reporting": "Reporting by a; " * 60_000 + "Editing by",
    "copyrights": "© 2024 " * 140_000,
    "inputs": "With inputs from " * 60_000,
    "writers": "Associated Press writers " * 40_000,
    "bylines": "By A, AP " * 110_000,
    "codes": ". PTI AB CD EF " * 70_000,
    "sections": "/ap-" * 250_000,
    "host": "https://" + "a." * 500_000,
    "nulls": "\0" * 1_000_000,
    "surrogates": "\ud800 (AP) - " * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_costs_no_more_than_a_page(name: str) -> None:
    blow = HOSTILE[name]
    find_credit(text="warm up")
    start = time.process_time()
    find_credit(text=blow, title=blow, byline=blow, credit=blow, url=blow, outlet=blow)
    assert time.process_time() - start < 2.0  # 0.1 s on an idle machine


PIECES = [
    "AP",
    "Reuters",
    "(AP)",
    "(ANI)",
    "LIMA",
    "By ",
    "\n",
    " ",
    " - ",
    "© 2024 ",
    "With inputs from ",
    "Jane Doe",
    "。",
]
PIECES += [
    "The Associated Press",
    " contributed to this report.",
    "Source: ",
    "新华社",
    "3月4日电",
    "/",
    ", ",
    "(",
    "é",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=30).map("".join))
def test_spans_are_exact_whatever_the_text(text: str) -> None:
    found = find_credit(text=text, title=text, byline=text, credit=text, url=text, outlet=text)
    if found is not None:
        assert text[found.start : found.end] == found.evidence
        assert found.evidence == found.evidence.strip() != ""
