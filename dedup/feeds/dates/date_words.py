"""Month names, weekday names and time zones as news feeds write them.

English, German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Norwegian, Polish, Russian,
Turkish, Indonesian and Arabic, all lower case and without accents, as `read_date` compares them.

An abbreviation of a zone can mean several. The rule: each is read as what most news that writes it means, and
those of `AMBIGUOUS` are counted and told; ``--tz IST=Asia/Jerusalem`` overrides. An offset beside it always
wins. A name of standard or summer time is taken at its word, whatever the date: EDT in January is four hours
behind UTC.
"""

from __future__ import annotations

from typing import Final

_MONTH_SPELLINGS: Final = (
    "january jan janv januar jaenner janner enero ene janvier janeiro gennaio gen januari stycznia "
    "sty января янв "
    "ocak oca يناير",
    "february feb febr februar fevr fev fevrier febrero fevereiro febbraio febb februari lutego lut февраля "
    "фев февр subat sub pebruari فبراير",
    "march mar maerz marz mrz mars marzo marco maart mrt marts marca марта мар mart maret مارس",
    "april apr avr abr avril abril aprile kwietnia kwi апреля апр nisan nis ابريل",
    "may mai mayo maio maggio mag mei maj maja мая mayis مايو",
    "june jun juni juin junio junho giugno giu czerwca cze июня июн haziran haz يونيو",
    "july jul juli juil juillet julio julho luglio lug lipca lip июля июл temmuz tem يوليو",
    "august aug aou aout agosto ago agto augustus augusti sierpnia sie августа авг agustos agu agustus اغسطس",
    "september sep sept septembre septiembre setiembre setembro settembre set sett wrzesnia wrz сентября сен "
    "сент eylul eyl سبتمبر",
    "october oct okt oktober octobre octubre outubro out ottobre ott pazdziernika paz октября окт ekim eki "
    "اكتوبر",
    "november nov novembre noviembre novembro listopada lis ноября ноя нояб kasim kas نوفمبر",
    "december dec dez dezember decembre diciembre dic dezembro dicembre desember des grudnia gru декабря дек "
    "aralik ara ديسمبر",
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
            "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo za zo",
            "mandag tirsdag onsdag torsdag fredag lordag lørdag sondag søndag tisdag man tir tis ons tor fre",
            "lor lør son søn",
            "poniedzialek poniedziałek wtorek sroda środa czwartek piatek sobota niedziela",
            "понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс",
            "pazartesi sali carsamba persembe cuma cumartesi pazar",
            "senin selasa rabu kamis jumat sabtu minggu",
            "الاثنين الثلاثاء الاربعاء الخميس الجمعة السبت الاحد",
        )
    ).split()
)
"""Weekday names; read and not checked. `mar` is a weekday only beside another month name."""

_FILLER_WORDS: Final = (
    "at on of the de del le la el a as um den der dem am em il alle ore t h hr hrs hours uhr local time date "
    "les du dia o om uur kl klo godz r g г года год в во saat pukul jam "
    "published publish posted updated update created modified edited first last by standard daylight summer "
    "veroffentlicht aktualisiert erstellt stand publie mis jour modifie publicado actualizado atualizado "
    "pubblicato aggiornato gepubliceerd bijgewerkt publicerad uppdaterad opublikowano опубликовано обновлено"
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
    "мск": 3 * _HOUR,
    "met": 1 * _HOUR,
    "mest": 2 * _HOUR,
    "aft": 4 * _HOUR + 30,
    "irdt": 4 * _HOUR + 30,
    "amt": 4 * _HOUR,
    "azt": 4 * _HOUR,
    "get": 4 * _HOUR,
    "uzt": 5 * _HOUR,
    "wst": 8 * _HOUR,
    "phst": 8 * _HOUR,
    "chst": 10 * _HOUR,
    "sst": -11 * _HOUR,
    "uyt": -3 * _HOUR,
    "bot": -4 * _HOUR,
    "vet": -4 * _HOUR,
    "ect": -5 * _HOUR,
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

AMBIGUOUS: Final = {
    "ist": ("India", "Israel or Ireland"),
    "bst": ("British summer time", "Bangladesh or Bougainville"),
    "cst": ("US Central", "China or Cuba"),
    "cdt": ("US Central", "Cuba"),
    "est": ("US Eastern", "Australia"),
    "edt": ("US Eastern", "Australia"),
    "ast": ("Atlantic", "Arabia"),
    "adt": ("Atlantic", "Arabia"),
    "mst": ("US Mountain", "Malaysia or Myanmar"),
    "pst": ("US Pacific", "the Philippines"),
    "amt": ("Armenia", "Amazonas"),
    "sst": ("American Samoa", "Singapore"),
    "gst": ("Gulf", "South Georgia"),
    "wst": ("Western Australia", "Samoa"),
    "ect": ("Ecuador", "the eastern Caribbean"),
    "nst": ("Newfoundland", "Nepal"),
    "bdt": ("Bangladesh", "Brunei"),
    "mmt": ("Myanmar", "the Maldives"),
}
"""Abbreviations of `ZONES` that mean several zones: what is taken, and what else it could be."""

SEASONAL_ZONES: Final = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
    "eastern": "America/New_York",
    "central": "America/Chicago",
    "mountain": "America/Denver",
    "pacific": "America/Los_Angeles",
}
"""Abbreviations that mean standard or summer time by the date, with the zone that knows which."""

_RELATIVE_WORDS: Final = (
    "ago today yesterday now tonight vor heute gestern aujourd hier ayer hoy hace ontem hoje ieri oggi fa "
    "gisteren vandaag geleden igar idag sedan siden wczoraj dzisiaj temu вчера сегодня назад dun bugun "
    "once kemarin lalu atras"
)
RELATIVE: Final = frozenset(_RELATIVE_WORDS.split())
"""Words of a date that counts from the day it was shown, which the feed does not tell."""
