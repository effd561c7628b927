"""The summary as one HTML file: no script, no request, light and dark, from phone to paper."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from markupsafe import Markup

from aicmo.packaging import markup
from aicmo.packaging.html_page import Page, filters_of
from aicmo.packaging.html_verification import verify_html
from aicmo.packaging.outline import Table, imprint
from aicmo.packaging.rendered import RenderedFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aicmo.packaging.brand import Theme
    from aicmo.packaging.html_page import Filter
    from aicmo.packaging.outline import Outline


def render_html(outline: Outline, theme: Theme, path: Path) -> RenderedFile:
    """Writes the page, reads it again and checks it; the same outline gives the same bytes.

    Raises:
        FixInput: a template of the project's own is wrong.
        PackageFileInvalid: the written file didn't pass its check.
    """
    path.write_bytes(html_for(outline, theme).encode())
    verify_html(path, outline)
    return RenderedFile(path, pages=0)


def html_for(outline: Outline, theme: Theme) -> str:
    """The page: one string with its style sheet, no script, nothing fetched.

    Raises:
        FixInput: a template of the project's own is wrong.
    """
    templates = markup.environment(
        printed=False, language=outline.language, overrides=theme.templates
    )
    page = Page(outline, theme)
    draft = outline.status == "internal draft"
    style = markup.render(
        templates, "summary.css.j2", theme=theme, draft=draft, choices=_choices(outline)
    )
    return markup.render(
        templates,
        "summary.html.j2",
        outline=outline,
        theme=theme,
        page=page,
        draft=draft,
        imprint=imprint(outline),
        style=Markup(style),  # noqa: S704  (a style sheet; its values passed filters of their own)
        policy=_policy(style, pictures=bool(page.logo or page.cover)),
    )


def _policy(style: str, *, pictures: bool) -> str:
    """The content security policy (CSP Level 3) under which the page shows what it has, no more."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rules = ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    rules += ["img-src data:"] if pictures else []
    return "; ".join([*rules, "base-uri 'none'", "form-action 'none'"])


def _choices(outline: Outline) -> list[tuple[int, int]]:
    """Every (filter, value) of any table, by its place: the style sheet has a rule for each."""
    most: dict[int, int] = {}
    for found in _filters(outline):
        for group, one in enumerate(found):
            most[group] = max(most.get(group, 0), len(one.values))
    return [(group, place) for group, number in most.items() for place in range(number)]


def _filters(outline: Outline) -> Iterator[tuple[Filter, ...]]:
    for chapter in outline.chapters:
        for section in chapter.sections:
            yield from (filters_of(one) for one in section.blocks if isinstance(one, Table))
