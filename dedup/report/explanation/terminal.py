"""An explanation as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len

from dedup.compare.align import Segment
from dedup.compare.explanation import Explanation, Side, SketchMatch, Term
from dedup.confirm.model import LOGIT
from dedup.report.layout import Canvas
from dedup.report.wording import count, fitted, printable

SEGMENTS_SHOWN: Final = 40
_BANDS_SHOWN: Final = 8
_QUOTED: Final = 3  # lines of a passage
_STYLES: Final = {
    "same": ("=", "dim"),
    "changed": ("~", "yellow"),
    "cut": ("-", "red"),
    "added": ("+", "green"),
    "moved": (">", "cyan"),
}
_BAR: Final = 12  # cells of the longest step either way


def explanation_lines(found: Explanation, canvas: Canvas) -> Iterator[str]:
    """Yield the lines of an explanation.

    Parameters
    ----------
    found : Explanation
    canvas : Canvas
        Width and colour.
    """
    for letter, side in (("A", found.left), ("B", found.right)):
        yield from _side_lines(letter, side, canvas)
    yield ""
    style = "green" if found.together else "red"
    for line in canvas.wrapped(printable(found.verdict), 6):
        yield canvas.paint(line, "bold", style)
    if found.relation is not None:
        yield f"B to A: {found.relation}"
    yield ""
    yield from _gate_lines(found, canvas)
    yield from _waterfall_lines(found, canvas)
    yield from _likeness_lines(found, canvas)
    yield from _term_lines(found, canvas)
    yield from _passage_lines(found, canvas)


def _heading(text: str, canvas: Canvas) -> str:
    return canvas.paint(text, "bold")


def _side_lines(letter: str, side: Side, canvas: Canvas) -> Iterator[str]:
    first = side.title or side.text
    lines = canvas.wrapped(printable(first), 2, 3)
    yield canvas.paint(f"{letter}  ", "dim") + canvas.paint(lines[0].strip(), "bold")
    yield from (canvas.paint(line, "bold") for line in lines[1:])
    when = (side.published or "")[:16].replace("T", " ")
    name = side.name if side.name != letter else ""
    facts = [printable(one) for one in (side.outlet, when, name) if one]
    yield canvas.paint("   " + " · ".join([*facts, count(side.words, "word")]), "dim")


def _gate_lines(found: Explanation, canvas: Canvas) -> Iterator[str]:
    yield _heading("What had to be so", canvas)
    widest = max(len(gate.name) for gate in found.gates)
    for gate in found.gates:
        mark = canvas.paint("yes", "green") if gate.passed else canvas.paint(" no", "red")
        lines = canvas.wrapped(printable(gate.said), 8, widest + 8)
        yield f"  {mark} {fitted(gate.name, widest)}  {lines[0].strip()}"
        yield from lines[1:]
    yield ""


def _waterfall_lines(found: Explanation, canvas: Canvas) -> Iterator[str]:
    """Each step of the score with a bar from where the sum stood to where it went."""
    title = "headlines" if found.scorecard == "brief" else "running text"
    yield _heading(f"Score, by the scorecard for {title} (logits)", canvas)
    widest = max([len(step.feature) for step in found.contributions] + [len("start")])
    yield canvas.paint(f"  {'':{widest}}   value  x weight      step      sum", "dim")
    yield f"  {'start':{widest}}{'':26}{_logits(found.intercept):>9}"
    largest = max((abs(step.contribution) for step in found.contributions), default=1) or 1
    for step in found.contributions:
        style = "green" if step.contribution > 0 else "red"
        value = f"{step.value / 1000:.3f}" if step.measured else "-"
        numbers = f"{value:>7} {_logits(step.weight * 1000):>9}"
        line = (
            f"  {step.feature:{widest}} {numbers} {_logits(step.contribution):>9}{_logits(step.running):>9}"
        )
        cells = min(_BAR, canvas.width - len(line) - 2)
        bar = "▇" * max(round(cells * abs(step.contribution) / largest), step.contribution != 0)
        yield f"{line}  {canvas.paint(bar, style)}".rstrip()
        for said in canvas.wrapped(step.meaning, 3, widest + 5):
            yield canvas.paint(said, "dim")
    end = f"{_logits(found.sum)} logits are a probability of {found.score:.4f}"
    if found.equal:
        end = f"equal texts score 1; what the text says is worth {_logits(found.sum)} logits"
    yield from canvas.wrapped(
        f"{end}; a match has {_logits(found.threshold_sum)} ({found.threshold:g})", 3, 2
    )
    yield ""


def _logits(sum: int) -> str:
    return f"{sum / LOGIT:+.2f}"


def _likeness_lines(found: Explanation, canvas: Canvas) -> Iterator[str]:
    yield _heading("Likeness", canvas)
    unit = "words" if found.scorecard == "brief" else "word pairs"
    said = f"by rarity, B holds {chance(found.weighted_left)} of the {unit} of A"
    yield from canvas.wrapped(f"{said}, A holds {chance(found.weighted_right)} of those of B", 2, 2)
    for sketch in found.sketches:
        yield from canvas.wrapped(sketch_sentence(sketch), 6, 2)
    if not found.sketches:
        yield "  no kind of sketch holds both"
    yield ""


def sketch_sentence(sketch: SketchMatch) -> str:
    """Return what one kind of sketch says, in a sentence."""
    bands = ", ".join(str(band) for band in sketch.bands[:_BANDS_SHOWN])
    bands += ", …" if len(sketch.bands) > _BANDS_SHOWN else ""
    met = f"bands that collided: {len(sketch.bands)} of {sketch.slots // 2}" + (
        f" ({bands})" if bands else ""
    )
    return (
        f"{sketch.kind} sketch: Jaccard {sketch.jaccard:.3f}, by sketch {sketch.estimate:.3f} "
        f"({sketch.equal_slots} of {sketch.slots} slots agree, {sketch.least_slots} are needed); "
        f"{sketch.shared_shingles} shingles shared, {chance(sketch.containment_left)} of A's "
        f"{sketch.left_shingles}, {chance(sketch.containment_right)} of B's {sketch.right_shingles}; {met}; "
        f"chance of a collision at this likeness {chance(sketch.collision_probability)}, "
        f"of being a candidate {chance(sketch.candidate_probability)}"
    )


def chance(probability: float) -> str:
    """Return a probability as per cent; never 0 or 100 for what is only nearly so."""
    if 0 < probability < 0.005:
        return "< 1 %"
    if 0.995 < probability < 1:
        return "> 99 %"
    return f"{probability:.0%}".replace("%", " %")


def _term_lines(found: Explanation, canvas: Canvas) -> Iterator[str]:
    terms = found.terms
    of = max((term.of for term in (*terms.shared, *terms.left, *terms.right)), default=0)
    yield _heading(f"Rare terms (in how many of {of:,} texts)" if of else "Rare terms: none", canvas)
    for name, some in (("shared", terms.shared), ("only in A", terms.left), ("only in B", terms.right)):
        lines = canvas.wrapped(listed(some) or "-", 5, 13)
        yield f"  {name:11}{lines[0].strip()}"
        yield from lines[1:]
    yield ""


def listed(terms: Sequence[Term]) -> str:
    """Return terms with their document frequencies: ``Amman (19), Gunfire (237)``."""
    return ", ".join(f"{printable(term.text)} ({term.documents:,})" for term in terms)


def _passage_lines(found: Explanation, canvas: Canvas) -> Iterator[str]:
    yield _heading(f"Passages ({passage_summary(found)})", canvas)
    segments = found.alignment.segments
    for segment in segments[:SEGMENTS_SHOWN]:
        yield from _segment_lines(found, segment, canvas)
    if (more := len(segments) - SEGMENTS_SHOWN) > 0:
        yield canvas.paint(
            f"  … {count(more, 'more passage', 'more passages')}; --format html shows all", "dim"
        )


def passage_summary(found: Explanation) -> str:
    """Return how many words of the two are the same."""
    aligned = found.alignment
    said = (
        f"{aligned.same_words:,} of A's {aligned.left_words:,} and B's {aligned.right_words:,} words the same"
    )
    return said + (f", {aligned.moved_words:,} moved" if aligned.moved_words else "")


def _segment_lines(found: Explanation, segment: Segment, canvas: Canvas) -> Iterator[str]:
    left = found.left.text[segment.left_start : segment.left_end]
    right = found.right.text[segment.right_start : segment.right_end]
    sign, style = _STYLES[segment.kind]
    if segment.kind != "changed":
        yield from _quoted(sign, left or right, style, canvas)
        return
    yield from _quoted("-", left, "red", canvas)
    yield from _quoted("+", right, "green", canvas)
    if segment.numbers:
        yield canvas.paint("      the numbers differ", "yellow")


def _quoted(sign: str, text: str, style: str, canvas: Canvas) -> Iterator[str]:
    """A passage, its middle left out if it is long."""
    words = printable(text)
    room = _QUOTED * (canvas.width - 4)
    if cell_len(words) > room:
        half = max(room // 2 - 20, 10)
        left_out = len(words[half:-half].split())
        words = f"{words[:half]} … {count(left_out, 'word')} … {words[-half:]}"
    lines = canvas.wrapped(words, _QUOTED + 1, 4)
    yield canvas.paint(f"  {sign} {lines[0].strip()}", style)
    yield from (canvas.paint(line, style) for line in lines[1:])
