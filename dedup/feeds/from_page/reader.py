"""A page dump as a file of a feed: read whole, its parts told apart, articles out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from dedup.article import FeedBatch
from dedup.errors import FeedError
from dedup.feeds.from_page.page_dump import read_page

if TYPE_CHECKING:
    from dedup.feeds.readers import ReadOptions
    from dedup.feeds.sources.source import Source

_LARGEST_PAGE: Final = 16 << 20  # bytes; a page is read whole
_NO_PAGE = "structure of a news page not found (a title, then paragraphs or a list of headlines)"


class PageReader:
    """Reads the text of one page, as copied from a browser.

    Parameters
    ----------
    source : Source
    options : ReadOptions
        A page is one batch, whatever it says.
    """

    described = "page dump"

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self._source = source
        self.detail = ""  # what this one page holds, for the note on it
        self.replaced = 0

    def read(self) -> Iterator[FeedBatch]:
        """Yield the articles of the page.

        Raises
        ------
        FeedError
            It is no page, or larger than any.
        """
        path = self._source.path
        data = bytearray()
        for block in self._source.blocks():
            data += block
            if len(data) > _LARGEST_PAGE:
                raise FeedError(
                    f"{path}: over {_LARGEST_PAGE >> 20} MB, too much for the text of one page",
                    "name the format with --format-in if it is another",
                )
        page = read_page(data.decode("utf-8", "replace"), path)
        if page is None:
            raise FeedError(f"{path}: {_NO_PAGE}", "name the format with --format-in if it is another")
        self.detail = f"{page.articles} article{'s' * (page.articles != 1)}"
        self.detail += f" and {page.listed} listed headline{'s' * (page.listed != 1)}"
        yield page.batch
