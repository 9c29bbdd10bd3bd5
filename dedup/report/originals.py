"""An article as its feed had it, before it was cleaned, as lines of text."""

from __future__ import annotations

from dedup.article import Article
from dedup.report.wording import printable


def original_lines(article: Article, *, raw: bool = False) -> list[str]:
    """Return title, byline and text as they came, those there are; a blank line parts them.

    What would act on a terminal is taken out, unless `raw`: that is for a file.
    """
    came = [
        article.original_title or article.title,
        article.original_byline or article.byline,
        article.original_text or article.text,
    ]
    lines: list[str] = []
    for field in came:
        if field is not None:
            lines += [""] if lines else []
            lines += [line if raw else printable(line) for line in field.splitlines()]
    return lines
