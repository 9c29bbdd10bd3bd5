"""The fields of an article, and the names under which feeds have them.

A name is compared folded: upper and lower case, accents and separators ignored
(``Publication Date``, ``publication_date`` and ``publicationDate`` are one
name). The names of a field stand in order of preference.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

FIELD_NAMES: Final = (
    "id",
    "outlet",
    "url",
    "title",
    "text",
    "published",
    "updated",
    "byline",
    "place",
    "credit",
    "language",
)
"""What a column can be mapped to, in the order of the article's schema."""

# Names are folded: lower case, letters and digits only (`title.rendered` is `titlerendered`). Order is
# preference.
_GUESSES: Final[dict[str, tuple[str, ...]]] = {
    "id": (
        *("id", "articleid", "guid", "guidrendered", "uuid", "docid", "storyid", "storiesid", "newsid"),
        *("recordid", "uri", "accessionnumber", "accessionno", "gkgrecordid", "dcidentifier"),
    ),
    "outlet": (
        *("outlet", "sourcename", "sourcetitle", "source", "publishername", "publisher", "outletname"),
        *("mediasource", "medianame", "publication", "publicationname", "newspaper", "newspapername"),
        *("sitename", "ogsitename", "sourcecommonname", "threadsite", "hostname", "site", "website"),
        *("sourceid", "domain", "sourcedomain", "feedname", "feedtitle", "media", "dcpublisher", "sn"),
        *("quelle", "zeitung", "journal", "fuente", "periodico", "fonte", "veiculo"),
    ),
    "url": (
        *("url", "link", "href", "articleurl", "canonicalurl", "canonicallink", "permalink", "pageurl"),
        *("weburl", "newsurl", "storyurl", "sourceurl", "documentidentifier", "mainentityofpage", "lien"),
        *("enlace", "urllink"),
    ),
    "title": (
        *("title", "headline", "head", "articletitle", "newstitle", "headlinetext", "heading", "posttitle"),
        *("titlerendered", "headlinemain", "webtitle", "newsheadline", "articleheadline", "ogtitle"),
        *("titletext", "documenttitle", "dctitle", "hlead", "hd", "titel", "ueberschrift", "uberschrift"),
        *("schlagzeile", "titre", "titulo", "titular", "titolo", "name"),
    ),
    "text": (
        *("text", "body", "articlebody", "bodytext", "fulltext", "maintext", "content", "articletext"),
        *("contenttext", "contentrendered", "contentencoded", "postcontent", "fieldsbodytext", "fieldsbody"),
        *("blocksbodybodytextsummary", "storytext", "newstext", "newscontent", "newsbody", "articlecontent"),
        *("contentfull", "fullcontent", "cleantext", "textcontent", "maincontent", "article", "story"),
        *("rawtext", "plaintext", "td", "inhalt", "artikeltext", "texte", "contenu", "corps", "texto"),
        *("contenido", "cuerpo", "conteudo", "corpo", "testo"),
        # A teaser is better than nothing, and only then.
        *("description", "summary", "leadparagraph", "abstract", "snippet", "excerpt", "excerptrendered"),
        *("postexcerpt", "shortdescription", "fieldstrailtext", "trailtext", "teaser", "ogdescription"),
        *("dcdescription", "descriptionrendered", "lead", "lp"),
    ),
    "published": (
        *("published", "publishedat", "pubdate", "publicationdate", "datepublished", "datepublish"),
        *("publishedon", "publisheddate", "publishdate", "publishedtime", "articlepublishedtime"),
        *("publicationtime", "firstpublished", "webpublicationdate", "firstpublicationdate", "dategmt"),
        *("postdategmt", "postdate", "datetimepub", "seendate", "sqldate", "dateadded", "dcdate"),
        *("dctermscreated", "articledate", "newsdate", "publishtime", "releasedate", "issued"),
        *("date", "datetime", "timestamp", "created", "createdat", "datecreated", "createddate", "pd"),
        *("veroffentlichtam", "veroffentlicht", "erscheinungsdatum", "datum", "datepublication"),
        *("datedepublication", "fechapublicacion", "fechadepublicacion", "fecha", "datapublicacao", "time"),
    ),
    "updated": (
        *("updated", "updatedat", "modified", "modifiedat", "datemodified", "datemodify", "dateupdated"),
        *("lastmodified", "lastupdated", "updateddate", "modifieddate", "updatedtime", "modifiedgmt"),
        *("postmodifiedgmt", "postmodified", "articlemodifiedtime", "fieldslastmodified", "dctermsmodified"),
        *("aktualisiert", "datemiseajour", "fechaactualizacion"),
    ),
    "byline": (
        *("byline", "bylineoriginal", "fieldsbyline", "authorname", "author", "authorsname", "authors"),
        *("creatorname", "creator", "writer", "dccreator", "journalist", "reporter", "postauthor"),
        *("embeddedauthor", "articleauthor", "autor", "verfasser", "auteur", "autore"),
    ),
    "place": ("place", "dateline", "location", "placename"),
    "credit": ("credit", "creditline", "agency", "wire", "newsagency"),
    "language": (
        *("language", "lang", "languagecode", "inlanguage", "dclanguage", "sprache", "langue", "idioma"),
    ),
}
TEASERS: Final = frozenset(_GUESSES["text"][_GUESSES["text"].index("description") :])
"""Folded names of columns that introduce a text. One also stands in, record by record, where the record has
no text: two sentences of a story tell more of it than its headline alone."""

_SEPARATORS = re.compile(r"[^0-9a-z]+")


def folded_name(name: str) -> str:
    """Return a column name as the guess compares it: lower case without accents, letters and digits only."""
    if not name.isascii():
        name = unicodedata.normalize("NFKD", name)
    return _SEPARATORS.sub("", name.lower())


KNOWN_NAMES: Final = frozenset(guess for guesses in _GUESSES.values() for guess in guesses)
"""Every folded name that is guessed; a header that holds none of them is no header we know."""


def guessed_names(field: str) -> tuple[str, ...]:
    """Return the folded names under which a field is looked for, the likeliest first."""
    return _GUESSES[field]
