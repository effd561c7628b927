"""The summary as one HTML file: no script, no request, light and dark, from phone to paper."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from markupsafe import Markup

from aicmo.packaging import charts, markup
from aicmo.packaging.html_verification import verify_html
from aicmo.packaging.outline import BarChart, Timeline, imprint
from aicmo.packaging.rendered import RenderedFile

if TYPE_CHECKING:
    from pathlib import Path

    from aicmo.packaging.brand import Theme
    from aicmo.packaging.outline import Outline


def render_html(outline: Outline, theme: Theme, path: Path) -> RenderedFile:
    """Writes the page, reads it again and checks it; the same outline gives the same bytes.

    Raises:
        PackageFileInvalid: the written file didn't pass its check.
    """
    path.write_bytes(html_for(outline, theme).encode())
    verify_html(path, outline)
    return RenderedFile(path, pages=0)


def html_for(outline: Outline, theme: Theme) -> str:
    """The page: one string with its style sheet, no script, nothing fetched."""
    templates = markup.environment(printed=False)
    style = templates.get_template("summary.css.j2").render(theme=theme)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    def draw(block: BarChart | Timeline) -> list[tuple[str, Markup]]:
        sizes = (("wide", charts.WIDE), ("narrow", charts.NARROW))
        return [(name, charts.draw(block, theme.light, width)) for name, width in sizes]

    return templates.get_template("summary.html.j2").render(
        outline=outline,
        draft=outline.status == "internal draft",
        draw=draw,
        imprint=imprint(outline),
        style=Markup(style),  # noqa: S704  (our own style sheet; its values passed the colour filter)
        style_hash=f"sha256-{digest}",
    )
