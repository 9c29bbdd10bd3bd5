"""Month names, weekday names and time zones as news feeds write them.

Six languages (English, German, French, Spanish, Portuguese, Italian), all
lower case and without accents, as `dedup.feeds.dates` compares them.

An abbreviation of a zone can mean several. Each stands here with the one
reading that news feeds overwhelmingly mean: IST is India (not Ireland or
Israel), BST British summer time, CST and EST are North American, AST is
Atlantic. Feeds that mean another write an offset, and an offset always wins.
"""

from __future__ import annotations

from typing import Final

_MONTH_SPELLINGS: Final = (
    "january jan janv januar jaenner enero ene janvier janeiro gennaio gen",
    "february feb febr februar fevr fev fevrier febrero fevereiro febbraio febb",
    "march mar maerz marz mrz mars marzo marco",
    "april apr avr abr avril abril aprile",
    "may mai mayo maio maggio mag",
    "june jun juni juin junio junho giugno giu",
    "july jul juli juil juillet julio julho luglio lug",
    "august aug aou aout agosto ago agto",
    "september sep sept septembre septiembre setiembre setembro settembre set sett",
    "october oct okt oktober octobre octubre outubro out ottobre ott",
    "november nov novembre noviembre novembro",
    "december dec dez dezember decembre diciembre dic dezembro dicembre",
)

MONTHS: Final = {word: month for month, words in enumerate(_MONTH_SPELLINGS, 1) for word in words.split()}
"""Month name or abbreviation to month number, 1-12."""

WEEKDAYS: Final = frozenset(
    " ".join(
        (
            "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed weds thu thur thurs",
            "fri sat sun montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do ",
            "fr sa so",
            "lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim",
            "lunes martes miercoles jueves viernes sabado domingo mie jue vie sab dom",
            "segunda terca quarta quinta sexta feira seg ter qua qui sex",
            "lunedi martedi mercoledi giovedi venerdi domenica gio",
        )
    ).split()
)
"""Weekday names; read and not checked. `mar` is a weekday only beside another month name."""

_FILLER_WORDS: Final = (
    "at on of the de del le la el a as um den der dem am em il alle ore t h hr hrs hours uhr local time date "
    "les du dia o"
)
FILLERS: Final = frozenset(_FILLER_WORDS.split())
"""Words that may stand in a date and say nothing."""

_HOUR: Final = 60
ZONES: Final = {
    "z": 0,
    "gmt": 0,
    "utc": 0,
    "ut": 0,
    "wet": 0,
    "west": 1 * _HOUR,
    "bst": 1 * _HOUR,
    "cet": 1 * _HOUR,
    "mez": 1 * _HOUR,
    "wat": 1 * _HOUR,
    "cest": 2 * _HOUR,
    "mesz": 2 * _HOUR,
    "cat": 2 * _HOUR,
    "sast": 2 * _HOUR,
    "eet": 2 * _HOUR,
    "eest": 3 * _HOUR,
    "idt": 3 * _HOUR,
    "eat": 3 * _HOUR,
    "msk": 3 * _HOUR,
    "trt": 3 * _HOUR,
    "irst": 3 * _HOUR + 30,
    "gst": 4 * _HOUR,
    "pkt": 5 * _HOUR,
    "ist": 5 * _HOUR + 30,
    "npt": 5 * _HOUR + 45,
    "bdt": 6 * _HOUR,
    "mmt": 6 * _HOUR + 30,
    "ict": 7 * _HOUR,
    "wib": 7 * _HOUR,
    "wita": 8 * _HOUR,
    "hkt": 8 * _HOUR,
    "sgt": 8 * _HOUR,
    "myt": 8 * _HOUR,
    "pht": 8 * _HOUR,
    "awst": 8 * _HOUR,
    "wit": 9 * _HOUR,
    "jst": 9 * _HOUR,
    "kst": 9 * _HOUR,
    "acst": 9 * _HOUR + 30,
    "acdt": 10 * _HOUR + 30,
    "aest": 10 * _HOUR,
    "aedt": 11 * _HOUR,
    "nzst": 12 * _HOUR,
    "nzdt": 13 * _HOUR,
    "nst": -3 * _HOUR - 30,
    "ndt": -2 * _HOUR - 30,
    "brt": -3 * _HOUR,
    "art": -3 * _HOUR,
    "adt": -3 * _HOUR,
    "ast": -4 * _HOUR,
    "clt": -4 * _HOUR,
    "edt": -4 * _HOUR,
    "est": -5 * _HOUR,
    "cdt": -5 * _HOUR,
    "pet": -5 * _HOUR,
    "cot": -5 * _HOUR,
    "cst": -6 * _HOUR,
    "mdt": -6 * _HOUR,
    "mst": -7 * _HOUR,
    "pdt": -7 * _HOUR,
    "pst": -8 * _HOUR,
    "akdt": -8 * _HOUR,
    "akst": -9 * _HOUR,
    "hst": -10 * _HOUR,
}
"""Zone abbreviation to minutes east of UTC."""

SEASONAL_ZONES: Final = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
}
"""Abbreviations that mean standard or summer time by the date, with the zone that knows which."""
