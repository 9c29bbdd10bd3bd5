"""Feeds whose articles lie one object down: which object it is.

``{"_id": "7", "_source": {"title": ...}}``: where no column of the record itself holds a title or a text, the
object in it whose keys could be the most fields (a title or text among them) is the article, and its keys are
guessed before those around it. Readers offer the paths (`raw_batch.dotted_names`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

Guesses = Mapping[str, Collection[str]]
"""Field to the folded names it is looked for under."""


def article_prefix(paths: Iterable[tuple[str, Sequence[str]]], guesses: Guesses) -> str:
    """Return the path of the object that is the article, with a dot behind it; "" when none is.

    Parameters
    ----------
    paths : iterable of (str, sequence of str)
        Dotted prefixes with the folded names below them, in order of appearance; of equals the first wins.
    guesses : mapping of str to collection of str
        Field to the folded names it is looked for under.

    Examples
    --------
    >>> guesses = {"title": ["title"], "text": ["text", "body"], "id": ["id"]}
    >>> article_prefix([("meta.", ["id"]), ("doc.", ["title", "body"])], guesses)
    'doc.'
    """
    best, most = "", 0
    for prefix, names in paths:
        fields = {field for field, known in guesses.items() if any(name in known for name in names)}
        if fields & {"title", "text"} and len(fields) > most:
            best, most = prefix, len(fields)
    return best
