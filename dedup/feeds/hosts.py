"""The host of an address, which stands for an outlet that is not named."""

from __future__ import annotations

import re
from typing import Final

_HOST = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//(?:[^/?#@]*@)?(?:www\d?\.)?([^/?#:\s]+)")

URL_BEGINS: Final = r"^\s*(?:[Hh][Tt][Tt][Pp][Ss]?:)?//"
"""Pattern of what an address begins with; an outlet is not called so."""

_FILE_OF_MEDIA: Final = re.compile(
    r"[^?#]*\.(?:jpe?g|png|gif|webp|avif|svg|ico|bmp|tiff?|mp[34]|m4[av]|mov|webm|ogg|wav|m3u8)(?:[?#].*)?\s*",
    re.IGNORECASE | re.DOTALL,
)
_URL: Final = re.compile(URL_BEGINS)


def host_of(url: str) -> str | None:
    """Return the host of `url` in lower case, without user, port and ``www.``; None when it has none.

    Examples
    --------
    >>> host_of("https://www.Example.org:8080/a?b=c")
    'example.org'
    """
    found = _HOST.match(url)
    return found[1].lower() if found else None


def outlet_of(value: str) -> str | None:
    """Return the outlet that a column of outlets means: of an address the host, of a picture's none.

    Examples
    --------
    >>> outlet_of("The Example"), outlet_of("https://www.example.org/"), outlet_of("https://i.example/1.jpg")
    ('The Example', 'example.org', None)
    """
    if not _URL.match(value):
        return value
    return None if _FILE_OF_MEDIA.fullmatch(value) else host_of(value)
