"""An explanation as one self-contained page: no script, no request, and feed text that does nothing.

The page allows its own style sheet by its hash and nothing else; widths of bars
are attributes of shapes, for a style attribute would not be allowed.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from html import escape
from importlib import resources
from typing import Final

from dedup.compare.align import Segment
from dedup.compare.explanation import Explanation, Side
from dedup.confirm.model import LOGIT
from dedup.report.explanation.terminal import chance, listed, passage_summary
from dedup.report.wording import printable

_WIDTH: Final = 160  # units of a bar's drawing, the axis in its middle
_NUMBER: Final = re.compile(r"\d(?:[\d.,]*\d)?")
_TITLES: Final = {
    "same": "the same words",
    "changed": "changed",
    "cut": "only in A",
    "added": "only in B",
    "moved": "the same words, at another place",
}


def explanation_page(found: Explanation) -> bytes:
    """Return an explanation as HTML, UTF-8.

    Parameters
    ----------
    found : Explanation
    """
    style = _style()
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    body = "\n".join(_body(found))
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Why {_shown(found.left.name)} and {_shown(found.right.name)}</title>\n"
        f"<style>{style}</style></head>\n<body>\n{body}\n</body></html>\n"
    ).encode()


@cache
def _style() -> str:
    return resources.files("dedup.report.explanation").joinpath("page.css").read_text("utf-8")


def _shown(text: str | None) -> str:
    """Feed text as markup that shows it and does nothing else."""
    return escape(printable(text))


def _body(found: Explanation) -> Iterator[str]:
    yield "<main>"
    yield "<h1>Two texts compared</h1>"
    yield '<div class="pair">' + _side("A", found.left) + _side("B", found.right) + "</div>"
    together = "yes" if found.together else "no"
    yield f'<p class="verdict {together}">{_shown(found.verdict)}</p>'
    if found.relation is not None:
        yield f"<p>B to A: {found.relation}</p>"
    yield from _gates(found)
    yield from _waterfall(found)
    yield from _likeness(found)
    yield from _terms(found)
    yield from _passages(found)
    yield "</main>"


def _side(letter: str, side: Side) -> str:
    when = (side.published or "")[:16].replace("T", " ")
    name = side.name if side.name != letter else ""
    facts = " · ".join(_shown(one) for one in (side.outlet, when, name, f"{side.words:,} words") if one)
    title = _shown(side.title) or "Text"
    cluster = f"cluster {_shown(side.cluster_id)}" if side.cluster_id else ""
    facts = f'<p class="soft"><bdi>{facts}</bdi><br>{cluster}</p>'
    return f"<section><h2>{letter}: <bdi>{title}</bdi></h2>{facts}</section>"


def _gates(found: Explanation) -> Iterator[str]:
    yield "<h2>What had to be so</h2><table><tbody>"
    for gate in found.gates:
        word = "yes" if gate.passed else "no"
        yield (
            f'<tr class="{word}"><td class="mark">{word}</td><th scope="row">{gate.name}</th>'
            f"<td>{_shown(gate.said)}</td></tr>"
        )
    yield "</tbody></table>"


def _waterfall(found: Explanation) -> Iterator[str]:
    kind = "headlines" if found.scorecard == "brief" else "running text"
    yield f'<h2>Score</h2><p class="soft">By the scorecard for {kind}, in logits: '
    yield f"{_logits(found.sum)} are a probability of {found.score:.4f}; a match has "
    yield f"{_logits(found.threshold_sum)} ({found.threshold:g}).</p>"
    yield '<div class="scroll" tabindex="0"><table class="steps"><thead><tr>'
    yield '<th scope="col">feature</th><th scope="col" class="n">value</th>'
    yield '<th scope="col" class="n">weight</th>'
    yield '<th scope="col" class="n">step</th><th scope="col" class="n">sum</th><th scope="col"></th>'
    yield "</tr></thead><tbody>"
    yield f'<tr><th scope="row">start</th><td colspan="3"></td><td class="n">{_logits(found.intercept)}</td>'
    yield "<td></td></tr>"
    sums = [0, found.intercept, *(step.running for step in found.contributions)]
    widest = max(map(abs, sums)) or 1
    for step in found.contributions:
        value = f"{step.value / 1000:.3f}" if step.measured else "–"
        bar = _bar(step.running - step.contribution, step.running, widest)
        yield (
            f'<tr class="of"><th scope="row">{step.feature}</th><td class="n">{value}</td>'
            f'<td class="n">{_logits(step.weight * 1000)}</td><td class="n">{_logits(step.contribution)}</td>'
            f'<td class="n">{_logits(step.running)}</td><td>{bar}</td></tr>'
            f'<tr><td class="soft" colspan="6">{_shown(step.meaning)}</td></tr>'
        )
    yield "</tbody></table></div>"


def _bar(before: int, after: int, widest: int) -> str:
    """From where the sum stood to where it went, around 0."""
    half = _WIDTH / 2
    begin, end = sorted(half + half * value / widest for value in (before, after))
    way = "up" if after >= before else "down"
    axis = f'<line class="zero" x1="{half}" x2="{half}" y1="0" y2="18"/>'
    step = f'<rect class="{way}" x="{begin:.1f}" y="3" width="{max(end - begin, 1):.1f}" height="12"/>'
    return f'<svg class="step" viewBox="0 0 {_WIDTH} 18" aria-hidden="true">{axis}{step}</svg>'


def _logits(sum: int) -> str:
    return f"{sum / LOGIT:+.2f}".replace("-", "−")


def _likeness(found: Explanation) -> Iterator[str]:
    unit = "words" if found.scorecard == "brief" else "word pairs"
    yield "<h2>Likeness</h2>"
    yield f"<p>By rarity, B holds {chance(found.weighted_left)} of the {unit} of A, "
    yield f"A holds {chance(found.weighted_right)} of those of B.</p>"
    if not found.sketches:
        yield "<p>No kind of sketch holds both.</p>"
        return
    heads = (
        "sketch", "Jaccard", "by sketch", "A's in B", "B's in A", "slots", "bands that collided",
        "chance of a band", "chance of a candidate", "outcome",
    )  # fmt: skip
    yield '<div class="scroll" tabindex="0"><table class="sketches"><thead><tr>'
    yield "".join(f'<th scope="col">{head}</th>' for head in heads) + "</tr></thead><tbody>"
    for one in found.sketches:
        bands = f"{len(one.bands)} of {one.slots // 2}"
        bands += f": {', '.join(map(str, one.bands))}" if one.bands else ""
        cells = (
            f"{one.jaccard:.3f}", f"{one.estimate:.3f}",
            f"{chance(one.containment_left)} of {one.left_shingles}",
            f"{chance(one.containment_right)} of {one.right_shingles}",
            f"{one.equal_slots} of {one.slots}", bands,
            chance(one.collision_probability), chance(one.candidate_probability), one.why,
        )  # fmt: skip
        row = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        yield f'<tr><th scope="row">{one.kind}</th>{row}</tr>'
    yield "</tbody></table></div>"


def _terms(found: Explanation) -> Iterator[str]:
    terms = found.terms
    yield "<h2>Rare terms</h2>"
    yield '<p class="soft">With the number of texts that hold them, background and corpus together.</p>'
    yield "<table><tbody>"
    for name, some in (("shared", terms.shared), ("only in A", terms.left), ("only in B", terms.right)):
        yield f'<tr><th scope="row">{name}</th><td><bdi>{escape(listed(some)) or "–"}</bdi></td></tr>'
    yield "</tbody></table>"


def _passages(found: Explanation) -> Iterator[str]:
    yield f'<h2>Passages</h2><p class="soft">{passage_summary(found)}. '
    yield 'Marked: <span class="cut">only in A</span>, <span class="added">only in B</span>, '
    yield '<span class="changed">changed</span>, changed numbers <b>in red</b>, '
    yield '<span class="moved">moved</span>.</p><div class="pair">'
    aligned = found.alignment
    for letter, text, segments in (
        ("A", found.left.text, aligned.left()),
        ("B", found.right.text, aligned.right()),
    ):
        other = found.right.text if letter == "A" else found.left.text
        spans = "".join(_span(one, text, other, letter) for one in segments)
        yield f'<section aria-label="Text {letter}"><div class="text" dir="auto">{spans}</div></section>'
    yield "</div>"


def _span(segment: Segment, text: str, other: str, letter: str) -> str:
    """A passage of one text, marked by what the other has in its place."""
    passage, instead = (
        text[segment.left_start : segment.left_end],
        other[segment.right_start : segment.right_end],
    )
    if letter == "B":
        passage, instead = (
            text[segment.right_start : segment.right_end],
            other[segment.left_start : segment.left_end],
        )
    # Line by line, for what is printable is one line.
    lines = passage.split("\n")
    if segment.numbers:
        known = set(map(_digits, _NUMBER.findall(instead)))
        shown = "\n".join(_numbered(printable(line), known) for line in lines)
    else:
        shown = "\n".join(map(_shown, lines))
    shown += " " if passage[-1:].isspace() and not passage.endswith("\n") else ""
    if segment.kind == "same":
        return shown
    return f'<span class="{segment.kind}" title="{_TITLES[segment.kind]}">{shown}</span>'


def _numbered(line: str, known: set[str]) -> str:
    """Markup of a line in which the numbers that are not known stand out."""
    parts = _NUMBER.split(line)
    numbers = [
        escape(number) if _digits(number) in known else f"<b>{escape(number)}</b>"
        for number in _NUMBER.findall(line)
    ]
    return "".join(escape(part) + number for part, number in zip(parts, [*numbers, ""], strict=True))


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))
