"""One title or text, cleaned of what its way through other programs has done to it.

Only what is certain: a wrong repair is worse than none, for nobody sees it happen. Every rule makes a value
shorter or leaves it as long as it was, and all but one are repeated until nothing changes. That one is
tags: they are removed once, for what was escaped within markup is text (``<p>&lt;b&gt; is a tag</p>``). So
cleaning what is clean changes nothing where no ``<`` and no ``&`` is left; where one is left, the value is
not to be cleaned again, and nothing here does so. The result depends on the value alone.

- *Mojibake*: UTF-8 that was read as Windows-1252 or Latin-1, once or more often, as ftfy tells it (all its
  other repairs are off), but not where all there is of it stands alone in quotes; C1 control characters,
  which no text holds, are the Windows-1252 characters they stand for.
- *Entities*: references that end in a semicolon, by number or by a name of HTML 4; what spells a word
  (``&or;``, ``&sub;``) is left. ``AT&T;`` is no reference. Escaped twice means decoded twice; within
  markup, once.
- *Tags*: only where the text is clearly markup (`dedup.feeds.clean.markup_signs`). Tags that appear by
  decoding are text, unless there were none before and the whole is markup that was escaped once too often.
- *Invisible characters*: soft hyphens, byte order marks, word joiners; zero-width spaces and joiners unless
  they stand beside a letter of a script that needs them (Arabic, Indic, Thai, Khmer, ...) or in an emoji.
  Marks of direction stay: right-to-left text is wrong without them, and the words are cut the same.
- *Line ends*: all are ``\\n``.
- *Hyphens at line ends*: joined if both halves are lower-case letters, the text has the joined word
  elsewhere, and nowhere the word with a hyphen within a line. ``so-\\ncalled`` survives.

U+FFFD stays: what stood there is lost.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import cache
from html.entities import name2codepoint
from typing import Any, Final, TypeAlias

from dedup.feeds.clean.markup_signs import is_markup, is_wholly_markup

Steps: TypeAlias = tuple[tuple[str, Callable[[str], str]], ...]

MOJIBAKE: Final = "mojibake repaired"
ENTITIES: Final = "entities decoded"
TAGS: Final = "tags removed"
INVISIBLE: Final = "invisible characters removed"
LINE_ENDS: Final = "line ends unified"
HYPHENS: Final = "hyphens at line ends joined"
KINDS: Final = (MOJIBAKE, ENTITIES, TAGS, INVISIBLE, LINE_ENDS, HYPHENS)

# What still changes after so many rounds was made to; it is left as it came.
_MOST_ROUNDS: Final = 8

_C1: Final = {
    code: character
    for code in range(0x80, 0xA0)
    if (character := bytes([code]).decode("cp1252", "ignore"))  # five of the 32 stand for nothing
}
# How the second and later bytes of a character in UTF-8 look: as Latin-1, or as Windows-1252.
_LATER: Final = "\x80-\xbf" + "".join(_C1.values())
_MOJIBAKE: Final = re.compile(rf"[\xc2-\xdf][{_LATER}]|[\xe0-\xef][{_LATER}]{{2}}|[\xf0-\xf4][{_LATER}]{{3}}")
# Shown and meant: "the string 'Ã¤'".
_SHOWN: Final = re.compile(rf"(['\"‘“«‹`])(?:{_MOJIBAKE.pattern}){{1,3}}(['\"’”»›`])")
_CONTROL: Final = re.compile(f"[{''.join(map(chr, _C1))}]")
# The same seen in UTF-8, to be told quickly.
_LEAD: Final = re.compile(rb"\xc3[\x82-\xb4][\xc2\xc5\xc6\xcb\xe2]")
_CONTROL_BYTES: Final = re.compile(rb"\xc2[\x80-\x9f]")
# Syriac, Thaana and N'Ko: "ß€" is more often itself than a digit of the last.
_UNLIKELY: Final = re.compile("[\u0700-\u07ff]")
_READ_AS: Final = frozenset({"latin-1", "sloppy-windows-1252"})

_WORDS_TOO_NAMES: Final = (
    "and or not int sum prod part real image sub sup sube supe nsub cap cup ne ni le ge sim cong prop "
    "empty exist forall ang perp nabla isin notin there4 equiv asymp"
)
_WORDS_TOO: Final = frozenset(_WORDS_TOO_NAMES.split())
_NAMES: Final = {
    **{name: chr(code) for name, code in name2codepoint.items() if name not in _WORDS_TOO},
    **{name.upper(): chr(name2codepoint[name]) for name in ("amp", "lt", "gt", "quot", "copy", "reg")},
    "apos": "'",
}
_AMPERSAND: Final = re.compile(r"&(?:(?:amp|AMP|#0*38|#[xX]0*26);)+")
_REFERENCE: Final = re.compile(r"&(?:([A-Za-z][A-Za-z0-9]{1,8})|#(0*[0-9]{1,7})|#[xX](0*[0-9A-Fa-f]{1,6}));")

# Scripts whose letters join, or whose words are parted without a space.
_NEEDS: Final = "\u0590-\u109f\u1200-\u137f\u1700-\u18af\u1900-\u1aaf\u1b00-\u1bff\ua800-\uabff\ufb1d-\ufefc"
_EMOJI: Final = "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff\U0001f3fb-\U0001f3ff"
_BESIDE: Final = f"{_NEEDS}{_EMOJI}\u200b-\u200d\u200e\u200f\U00010a00-\U00011fff"
_ALWAYS: Final = re.compile("[\u00ad\u2060\ufeff]+")
_JOINERS: Final = re.compile("[\u200b-\u200d]+")
_NEEDING: Final = re.compile(f"[{_BESIDE}]")

_LINE_END: Final = re.compile("\r\n?|[\u2028\u2029]")
_BROKEN_WORD: Final = re.compile(
    r"(?<![^\W\d_])(?<![-'’])([^\W\d_]+)-\n[ \t]*([^\W\d_]+)(?![^\W\d_])(?![-'’])"
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def clean_text(text: str, *, already_text: bool = False) -> tuple[str, frozenset[str]]:
    """Return `text` cleaned, and which of `KINDS` that took.

    Parameters
    ----------
    text : str
        The value.
    already_text : bool
        Markup and references were read by whoever had it before: those left are meant, and stay.

    Examples
    --------
    >>> clean_text("Caf\\u00c3\\u00a9 &amp;amp; bar")
    ('Café & bar', frozenset({'mojibake repaired', 'entities decoded'}))
    >>> clean_text("AT&T; wins")
    ('AT&T; wins', frozenset())
    >>> clean_text("<p>The &lt;p&gt; tag</p>")[0]
    'The <p> tag'
    """
    kinds: set[str] = set()
    cleaned = _settled(text, _STEPS, kinds)
    if cleaned is not None and not already_text:
        if "<" in cleaned and is_markup(cleaned):
            cleaned = _without_tags(cleaned, kinds)
        elif "&" in cleaned:
            escaped = "<" not in cleaned  # no tag of its own: there may be some under the escapes
            cleaned = _settled(cleaned, _STEPS_ESCAPED, kinds)
            if cleaned is not None and escaped and "<" in cleaned and is_wholly_markup(cleaned):
                cleaned = _without_tags(cleaned, kinds)
    return (text, frozenset()) if cleaned is None else (cleaned, frozenset(kinds))


def _without_tags(text: str, kinds: set[str]) -> str | None:
    plain = _stripped(text)
    if plain == text:
        return text
    kinds.add(TAGS)
    return _settled(plain, _STEPS, kinds)


def _settled(text: str, steps: Steps, kinds: set[str]) -> str | None:
    """Return `text` when the steps change nothing any more, adding to `kinds`; None if that never comes."""
    for _ in range(_MOST_ROUNDS):
        before = text
        for kind, step in steps:
            after = step(text)
            if after != text:
                kinds.add(kind)
                text = after
        if text == before:
            return text
    return None


def _unified(text: str) -> str:
    return _LINE_END.sub("\n", text) if _has(text, "\r\u2028\u2029") else text


def _has(text: str, characters: str) -> bool:
    # Several searches for one character are ten times as fast as one for a class of them.
    return any(character in text for character in characters)


def _repaired(text: str) -> str:
    if text.isascii():
        return text
    encoded = text.encode()
    if _LEAD.search(encoded) and _MOJIBAKE.search(_SHOWN.sub(" ", text)):
        # Line by line: one that was read right does not vouch for the next.
        text = "\n".join(_reread(line) if _MOJIBAKE.search(line) else line for line in text.split("\n"))
    return _CONTROL.sub(lambda found: _C1[ord(found[0])], text) if _CONTROL_BYTES.search(encoded) else text


def _reread(line: str) -> str:
    import ftfy

    fixed, steps = ftfy.fix_encoding_and_explain(line, _ftfy_config())
    if any(step.action == "encode" and step.parameter not in _READ_AS for step in steps or ()):
        return line
    if _UNLIKELY.search(fixed) and not _UNLIKELY.search(line):
        return line
    # It stays shorter than the line, so that cleaning comes to an end.
    return line if len(fixed) >= len(line) or fixed.count("\ufffd") > line.count("\ufffd") else fixed


@cache
def _ftfy_config() -> Any:
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        restore_byte_a0=False,  # guesses
        replace_lossy_sequences=False,
        fix_c1_controls=False,  # done here, where no other sign is needed
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
    )


def _visible(text: str) -> str:
    if text.isascii():
        return text
    if _has(text, "\u00ad\u2060\ufeff"):
        text = _ALWAYS.sub("", text)
    return _JOINERS.sub(_needed, text) if _has(text, "\u200b\u200c\u200d") else text


def _needed(found: re.Match[str]) -> str:
    """Return joiners as they are beside a letter that needs them, else nothing."""
    start, end = found.span()
    beside = found.string[max(0, start - 1) : start] + found.string[end : end + 1]
    return found[0] if _NEEDING.search(beside) else ""


def _decoded(text: str) -> str:
    if "&" not in text:
        return text
    # Any number of escapes at once: undone one a round they would take quadratic time.
    return _REFERENCE.sub(_character, _AMPERSAND.sub("&", text))


def _character(found: re.Match[str]) -> str:
    name, decimal, hexadecimal = found.groups()
    if name is not None:
        return _NAMES.get(name, found[0])
    code = int(decimal) if decimal is not None else int(hexadecimal, 16)
    if code in (9, 10, 13) or (0x20 <= code <= 0x10FFFF and code != 0x7F and not 0xD800 <= code <= 0xDFFF):
        return html.unescape(found[0])
    return found[0]


def _stripped(text: str) -> str:
    from dedup.feeds.clean.html_text import html_to_text

    plain = html_to_text(text)
    return plain if len(plain) <= len(text) else text


def _may_break_a_word(text: str) -> bool:
    """Return whether there is a hyphen between a lower-case letter and the end of a line."""
    at = text.find("-\n", 1)
    while at > 0:
        if text[at - 1].islower():
            return True
        at = text.find("-\n", at + 2)
    return False


def _joined(text: str) -> str:
    if not _may_break_a_word(text):
        return text
    lines = _BROKEN_WORD.sub(" ", text).lower()
    words = set(_WORD.findall(lines))

    def join(found: re.Match[str]) -> str:
        first, second = found.groups()
        if not (first.islower() and second.islower()):
            return found[0]
        if first + second in words and f"{first}-{second}" not in words:
            return first + second
        return found[0]

    return _BROKEN_WORD.sub(join, text)


_STEPS: Final = (
    (LINE_ENDS, _unified),
    (MOJIBAKE, _repaired),
    (INVISIBLE, _visible),
    (HYPHENS, _joined),
)
_STEPS_ESCAPED: Final = (*_STEPS, (ENTITIES, _decoded))
