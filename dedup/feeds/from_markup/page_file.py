"""The text of a saved page: its encoding, and MHTML, in which browsers save a page with its images."""

from __future__ import annotations

import email
import email.policy
import re
from typing import Final

from dedup.feeds.from_markup.xml_text import Decoder, codec_named, xml_encoding

_MHTML: Final = re.compile(rb"\A\s*(?:[A-Za-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){1,20}", re.ASCII)
_CHARSET: Final = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._:\-]{1,40})""", re.IGNORECASE
)
_LOOKED_AT: Final = (
    8_192  # browsers look for the declaration in the first 1,024 bytes; saved pages begin with comments
)


def is_mhtml(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a page saved as MHTML."""
    found = _MHTML.match(head[:_LOOKED_AT])
    return found is not None and b"multipart/related" in found[0].lower()


def page_of(data: bytes) -> tuple[str, str | None]:
    """Return the HTML of a page, and where it was saved from if the file says so apart from it.

    Parameters
    ----------
    data : bytes
        An HTML file in the encoding it declares, or an MHTML file, of which the first page is taken.
    """
    if is_mhtml(data):
        message = email.message_from_bytes(data, policy=email.policy.default)
        location = message.get("Snapshot-Content-Location")
        for part in message.walk():
            if part.get_content_type() in ("text/html", "application/xhtml+xml"):
                payload = part.get_payload(decode=True)
                charset = part.get_content_charset()
                if isinstance(payload, bytes):
                    where = location or part.get("Content-Location")
                    return _decoded(payload, charset), str(where) if where else None
        return "", str(location) if location else None
    return _decoded(data, None), None


def _decoded(data: bytes, charset: str | None) -> str:
    head = data[:_LOOKED_AT]
    found = _CHARSET.search(head)
    declared = charset or (found[1].decode() if found else "cp1252")
    # UTF-8 and marks of byte order count for more than what is declared, as in a feed.
    encoding = xml_encoding(data, codec_named(declared))
    return "".join(Decoder(encoding).text((data,)))
