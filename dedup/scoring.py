"""Score two texts without an index."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from dedup.confirm.epoch import Learnt
from dedup.confirm.judge import Judge
from dedup.confirm.model import load_model, probability
from dedup.text.words import text_hashes, tokenize


def score(a: str, b: str) -> float:
    """Probability that two texts (or two headlines) are copies of one story.

    Only the background table weighs the words here: an index, which also knows
    its corpus, may judge a template or page furniture more severely.

    Parameters
    ----------
    a, b : str
        Texts of articles, or headlines. Texts of fewer than 20 words are judged as headlines.

    Returns
    -------
    float
        0 to 1, four decimals; the same for (b, a). 1 for texts of the same words.

    Examples
    --------
    >>> import dedup
    >>> same = dedup.score("Gunfire Erupts Near Israeli Embassy in Amman",
    ...                    "Gunfire Sparks Security Response Near Israeli Embassy in Amman")
    >>> other = dedup.score("Gunfire Erupts Near Israeli Embassy in Amman",
    ...                     "Protest Erupts Near Israeli Embassy in London")
    >>> same > 0.5 > other
    True
    """
    texts = pa.array([a, b], pa.large_string())
    words = tokenize(texts)
    first, second = text_hashes(words).tolist()
    if first == second != 0:
        return 1.0
    judge = Judge(np.diff(words.offsets), lambda nodes: texts.take(pa.array(nodes)), _nothing(), load_model())
    return float(probability(judge.score(np.array([0]), np.array([1])))[0])


@cache
def _nothing() -> Learnt:
    return Learnt.nothing()
