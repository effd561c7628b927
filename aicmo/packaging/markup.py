"""From an outline to HTML: the Jinja2 environment that the PDF and the web page share.

Client text is data. Autoescape is always on, an unknown name is an error, and what goes into CSS
passes a filter of its own, because HTML's escaping is wrong there.
"""

from __future__ import annotations

import re
import traceback
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    FunctionLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from aicmo.errors import FixInput
from aicmo.packaging.translation import translation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from aicmo.packaging.outline import Block, Card, Chapter, Table

TEMPLATES = Path(__file__).parent / "templates"
_GIVEN = "given:"
"""Before the names of a project's own templates, which tells them from ours in a traceback."""
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_ADDRESS = re.compile(r"(?:https://|mailto:)[^\s<>\"'()]*[^\s<>\"'().,;:!?]")
_LINE_CHARACTERS = 112
"""Characters of the table type that fit a line of the printed page."""
_CONTENTS_LINES = 46
"""Of contents that a page holds in one column, two for a chapter and one for a section."""
_POINT = re.compile(r"(?:•|(\d+)\.) ")
_SHORT_CARD, _MEDIUM_CARD = 170, 420
_WIDEST_WORD, _GAP = 16, 3
_SHORT_CELL = 12
_NO_LIST = {"list": "div", "name": "p", "value": "p"}
_DESCRIPTION_LIST = {"list": "dl", "name": "dt", "value": "dd"}

Prose = list[tuple[str, list[str]]]


def environment(
    *, printed: bool, language: str = "en", overrides: Mapping[str, bytes] | None = None
) -> Environment:
    """The sandbox in which templates run: ours and a project's own alike.

    Args:
        printed: for the printed page; on the web page addresses are links.
        language: a BCP 47 tag; templates say our words by `text(…)` and `plural(…)`, as
            `aicmo.packaging.translation` does, and read `say.language` and `say.direction`.
        overrides: a project's templates by name; `aicmo/…` always reaches ours.
    """
    ours = FileSystemLoader(TEMPLATES)
    given = overrides or {}
    made = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader(
            [PrefixLoader({"aicmo": ours}), FunctionLoader(lambda name: _given(given, name)), ours]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Jinja2's own types name its built-in filters and globals only.
    filters, names = cast("dict[str, Any]", made.filters), cast("dict[str, Any]", made.globals)
    filters.update(
        css_string=css_string,
        colour=colour,
        linked=linked_cell if printed else linked,
        prose=prose,
        card_rows=card_rows,
        column_widths=column_widths,
        columns=columns,
        kind=kind,
    )
    say = translation(language)
    # WeasyPrint 70 tags a description list so that PDF/UA-1 refuses it.
    names.update(printed=printed, pairs=_NO_LIST if printed else _DESCRIPTION_LIST)
    names.update(say=say, text=say.text, plural=say.plural)
    return made


def render(templates: Environment, name: str, **variables: Any) -> str:
    """The text that a template makes.

    Raises:
        FixInput: a project's own template is wrong; it names the file, the line and what is wrong.
    """
    try:
        return templates.get_template(name).render(**variables)
    except (
        TemplateError,
        ArithmeticError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        place = _place(error)
        if not place:
            raise
        raise FixInput(
            f"The template {place} can't be used: {error}",
            next_step="Correct it in the folder that brand.templates names, and import the "
            "document again.",
        ) from error


def _given(overrides: Mapping[str, bytes], name: str) -> tuple[str, str, None] | None:
    if name not in overrides:
        return None
    try:
        return overrides[name].decode(), _GIVEN + name, None
    except UnicodeDecodeError as error:
        raise TemplateSyntaxError("it is not UTF-8 text", 1, name, _GIVEN + name) from error


def _place(error: Exception) -> str:
    """`strategy.html.j2, line 7`, if a project's own template is where it went wrong."""
    if isinstance(error, TemplateSyntaxError):
        places = [(error.filename or "", error.lineno)]
    else:
        places = [(one.filename, one.lineno) for one in traceback.extract_tb(error.__traceback__)]
    ours = [(file.removeprefix(_GIVEN), line) for file, line in places if file.startswith(_GIVEN)]
    return f"{ours[-1][0]}, line {ours[-1][1]}," if ours else ""


def css_string(text: str) -> Markup:
    """The text as a CSS string; anything but letters, digits and a few marks as a CSS escape."""
    safe = (c if c.isalnum() or c in " .,-" else f"\\{ord(c):06x} " for c in text)
    return Markup('"' + "".join(safe) + '"')  # noqa: S704  (no character of CSS or HTML is left)


def colour(value: str) -> Markup:
    """A colour for CSS; raises ValueError for anything but `#rrggbb`."""
    if not _COLOUR.fullmatch(value):
        raise ValueError(f"{value!r} is not a colour")
    return Markup(value)  # noqa: S704  (it is `#` and six hexadecimal digits)


def linked(text: str) -> Markup:
    """The text escaped, with its https: and mailto: addresses as links."""
    made, done = Markup(), 0
    for found in _ADDRESS.finditer(text):
        link = Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>').format(found.group())
        made += escape(text[done : found.start()]) + link
        done = found.end()
    return made + escape(text[done:])


def linked_cell(text: str) -> Markup:
    """The text escaped; a link if it is an https: address as a whole."""
    return (
        linked(text) if text.startswith("https://") and _ADDRESS.fullmatch(text) else escape(text)
    )


def prose(text: str) -> Prose:
    """The text as ("p", lines), ("ul", points) and ("ol", points)."""
    made: Prose = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        for tag, lines in groupby(paragraph.splitlines(), key=_tag):
            plain = [line if tag == "p" else _POINT.sub("", line, count=1) for line in lines]
            made.append((tag, plain))
    return made


def _tag(line: str) -> str:
    found = _POINT.match(line)
    return "p" if not found else "ol" if found.group(1) else "ul"


def card_rows(cards: Sequence[Card], full: bool) -> list[Sequence[Card]]:  # noqa: FBT001  (a Jinja2 filter)
    """Cards side by side in rows: three or two if they are short; one if long, or `full`."""
    longest = max(_length(card) for card in cards)
    if full or longest > _MEDIUM_CARD:
        wide = 1
    elif len(cards) % 3 == 0 or (longest <= _SHORT_CARD and len(cards) > 4):  # noqa: PLR2004
        wide = 3
    else:
        wide = min(2, len(cards))
    return [cards[start : start + wide] for start in range(0, len(cards), wide)]


def column_widths(table: Table) -> list[float]:
    """A percentage for each column: room for its longest word first, then by how much it says.

    A short cell, such as `Weeks 1–4`, counts as a word; a long one alone in its column counts, too.
    """
    rows = (table.columns, *table.rows, *((table.total,) if table.total else ()))
    cells = [[len(cell) for cell in column] for column in zip(*rows, strict=True)]
    words = [
        max(len(w) for cell in one for w in _unbroken(cell)) for one in zip(*rows, strict=True)
    ]
    said = [sum(one) / len(one) + max(one) / 2 for one in cells]
    needed = [min(word, _WIDEST_WORD) + _GAP for word in words]
    spare = max(_LINE_CHARACTERS - sum(needed), 0) / sum(said)
    shares = [
        min(need + spare * says, max(*one, need) + _GAP)
        for need, says, one in zip(needed, said, cells, strict=True)
    ]
    return [round(100 * share / sum(shares), 2) for share in shares]


def _unbroken(cell: str) -> list[str]:
    return [cell] if len(cell) <= _SHORT_CELL else cell.split()


def columns(chapters: Sequence[Chapter]) -> list[Sequence[Chapter]]:
    """The chapters in one column of contents if a page holds it, else in two of about equal length.

    CSS columns would be slow.
    """
    lines = [len(chapter.sections) + 2 for chapter in chapters]
    if sum(lines) <= _CONTENTS_LINES:
        return [chapters]
    half = next((n for n in range(len(lines)) if sum(lines[: n + 1]) * 2 >= sum(lines)), 0) + 1
    return [part for part in (chapters[:half], chapters[half:]) if part]


def _length(card: Card) -> int:
    return (
        len(card.text) + 20 * card.text.count("\n") + sum(len(a) + len(b) for a, b in card.details)
    )


def kind(block: Block) -> str:
    """A block's type in words, for the templates to choose by."""
    return type(block).__name__
