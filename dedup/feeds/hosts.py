"""The host in the address of an article, which stands for an outlet that is not named."""

from __future__ import annotations

import re
from typing import Final

_HOST: Final = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//(?:[^/?#@]*@)?(?:www\d?\.)?([^/?#:\s]+)")


def host_of(url: str) -> str | None:
    """Return the host of `url` in lower case, without user, port and ``www.``; None when it has none.

    Examples
    --------
    >>> host_of("https://www.Example.org:8080/a?b=c")
    'example.org'
    """
    found = _HOST.match(url)
    return found[1].lower() if found else None
