"""Explain two texts without an index."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from dedup.compare.explanation import Explanation, Side
from dedup.compare.pair import Subject, explain_pair
from dedup.compare.proposal import Ints, Sketched
from dedup.confirm.epoch import Learnt
from dedup.confirm.judge import Judge
from dedup.confirm.model import Model, load_model
from dedup.errors import DedupError
from dedup.sketch.minhash import comparable_rows, sketch_articles, stored_slots
from dedup.text.words import text_hashes, tokenize

DEFAULT_THRESHOLD = 0.5


def explain(a: str, b: str, *, threshold: float | None = None, model: Model | None = None) -> Explanation:
    """Explain why two texts (or two headlines) are copies of one story, or why not.

    Only the background table weighs the words here, as for `dedup.score`: an
    index, which also knows its corpus, may judge more severely (`dedup.Index.explain`).

    Parameters
    ----------
    a, b : str
        Texts of articles, or headlines. Texts of fewer than 20 words are judged as headlines.
    threshold : float, optional
        Least score of a match; the model's own by default, else 0.5.
    model : Model, optional
        The shipped one by default.

    Returns
    -------
    Explanation

    Raises
    ------
    DedupError
        If a text has no word in it.

    Examples
    --------
    >>> import dedup
    >>> found = dedup.explain("Gunfire Erupts Near Israeli Embassy in Amman",
    ...                       "Gunfire Sparks Security Response Near Israeli Embassy in Amman")
    >>> found.together
    True
    """
    chosen = load_model() if model is None else model
    texts = pa.array([a, b], pa.large_string())
    words = tokenize(texts)
    sizes = np.diff(words.offsets)
    for name, size in zip("AB", sizes.tolist(), strict=True):
        if size == 0:
            raise DedupError(f"text {name} has no word in it", "give two texts, or two files with text")
    hashes = text_hashes(words)
    titles = pa.array([None, None], pa.large_string())
    sketch = sketch_articles(titles, texts)
    nodes = (0, 0) if hashes[0] == hashes[1] else (0, 1)
    judge = Judge(sizes, lambda wanted: texts.take(pa.array(wanted)), _nothing(), chosen)

    def kinds(kind: int) -> tuple[Ints, np.ndarray[tuple[int, ...], np.dtype[np.uint16]], Ints]:
        rows = comparable_rows(sketch, kind)
        owner = sketch.owner[rows].astype(np.int64)
        order = np.argsort(owner)
        sizes_of = sketch.n_shingles[rows].astype(np.int64)
        return owner[order], stored_slots(sketch.signatures[rows])[order], sizes_of[order]

    def propose() -> tuple[Ints, Ints]:
        raise AssertionError("among two texts there is no bucket to cap and no third to be nearer")

    sides = [
        Side(
            name=name, text=text, title=None, outlet=None, url=None, published=None,
            words=0, cluster_id=None, own_score=0.0,
        )
        for name, text in (("A", a), ("B", b))
    ]  # fmt: skip
    subjects = Subject(nodes[0], sides[0], None, a), Subject(nodes[1], sides[1], None, b)
    least = threshold if threshold is not None else chosen.threshold
    return explain_pair(
        subjects,
        judge,
        Sketched(hashes, kinds, propose),
        _nothing(),
        chosen,
        DEFAULT_THRESHOLD if least is None else least,
    )


@cache
def _nothing() -> Learnt:
    return Learnt.nothing()
