"""From the outline to the HTML that is printed: the whole, its parts one by one, and their frame.

Runs in a render worker: a project's own templates are somebody else's programs.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from aicmo.packaging import charts, fonts, markup
from aicmo.packaging.outline import imprint
from aicmo.packaging.pdf_parts import parts_of, sheets_of
from aicmo.packaging.translation import translation
from aicmo.plans.colours import mix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment
    from markupsafe import Markup

    from aicmo.packaging.brand import Theme
    from aicmo.packaging.outline import Outline
    from aicmo.packaging.pdf_parts import Part, Sheet

_ANY_DAY = "2000-01-01T00:00:00+00:00"
Assets = dict[str, tuple[str, bytes]]
"""Media type and content by address: the only addresses that a page's pictures may have."""
_JOINED = ("ar", "fa", "ur", "hi", "mr", "ne")
_MARK_SIZE, _MARK_LETTERS = 24, 14
_MOST_ROWS = 12
"""Of a chart in one drawing: the page holds no more, and a drawing doesn't break."""


def assets_for(theme: Theme, language: str) -> Assets:
    """A printed page's pictures: `asset:watermark.svg`; `asset:logo`, `asset:cover` if there."""
    made = {"asset:watermark.svg": ("image/svg+xml", _watermark(language).encode())}
    for name, picture in (("asset:logo", theme.logo), ("asset:cover", theme.cover)):
        if picture:
            made[name] = (picture.media_type, picture.content)
    return made


def _watermark(language: str) -> str:
    # Letter by letter, as a drawing sets them, Arabic and Devanagari fall apart: the head says it.
    known = language if translation(language).language not in _JOINED else "en"
    words, families = translation(known).text("INTERNAL DRAFT"), fonts.stack("sans", known)
    drawing = (markup.TEMPLATES / "watermark.svg").read_text(encoding="utf-8")
    size = _MARK_SIZE * min(1, _MARK_LETTERS / len(words))
    return (
        drawing.replace("INTERNAL DRAFT", escape(words))
        .replace('"Inter"', f'"{escape(", ".join(families))}"')
        .replace('font-size="24"', f'font-size="{size:.1f}"')
    )


def whole_page(outline: Outline, theme: Theme) -> str:
    """The HTML of the whole: one string, with its style sheet, no script, no outside address.

    Raises:
        FixInput: a template of the project's own is wrong.
    """
    return _page(outline, theme, front=True, parts=parts_of(outline))


def part_pages(outline: Outline, theme: Theme) -> dict[str, str]:
    """The HTML of each part by the part's name.

    A part must not change with what only the frame says, such as the version or the status.
    """
    bare = replace(
        outline, title="", subtitle="", period="", version="", created=_ANY_DAY, confidentiality="",
        prepared_by="", status="final", chapters=(),
    )  # fmt: skip
    return {part.name: _page(bare, theme, parts=(part,)) for part in parts_of(outline)}


def frame_page(outline: Outline, theme: Theme, told: Sequence[Mapping[str, Any]]) -> str:
    """The HTML of the frame, from what `pdf_layout.lay_out` told of each part."""
    return _page(outline, theme, front=True, sheets=sheets_of(parts_of(outline), told))


def _page(
    outline: Outline,
    theme: Theme,
    *,
    front: bool = False,
    parts: Sequence[Part] = (),
    sheets: Sequence[Sheet] = (),
) -> str:
    say = translation(outline.language)
    families = fonts.stack("sans", outline.language)

    def draw(chart: charts.Chart) -> list[tuple[str, Markup]]:
        drawings = charts.print_drawings(
            chart, theme.light, rtl=say.direction == "rtl", most=_MOST_ROWS
        )
        return [("drawing", one) for one in drawings]

    return markup.render(
        _templates(outline.language, tuple(theme.templates.items())),
        "strategy.html.j2",
        outline=outline,
        theme=theme,
        draw=draw,
        draft=outline.status == "internal draft",
        front=front,
        parts=parts,
        sheets=sheets,
        families=families,
        display=fonts.FAMILIES[theme.typeface],
        ring=mix(theme.primary, theme.on_primary, 0.1),
        imprint=imprint(outline),
    )


@lru_cache(maxsize=8)
def _templates(language: str, overrides: tuple[tuple[str, bytes], ...]) -> Environment:
    # Compiling them takes longer than rendering a part.
    return markup.environment(printed=True, language=language, overrides=dict(overrides))
