"""The check of a written page: that it stands alone, does nothing and shows no marker."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.outline import marker_in, squeezed

if TYPE_CHECKING:
    from pathlib import Path

    from aicmo.packaging.outline import Outline

_LOADS = ("src", "srcset", "href", "data", "poster", "action", "formaction", "background", "ping")
_FORBIDDEN = frozenset(
    ("script", "iframe", "object", "embed", "form", "link", "base", "img", "video", "audio")
)
_LINKS = ("#", "https://", "mailto:")


class _Page(HTMLParser):
    """Collects a page's text and everything in it that could load or run something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.findings: list[str] = []
        self.headings = 0
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        self.headings += tag == "h1"
        if tag in _FORBIDDEN:
            self.findings.append(f"has a <{tag}>")
        for name, value in attrs:
            is_link = tag == "a" and name == "href" and (value or "").startswith(_LINKS)
            if name.startswith("on") or name == "style" or (name in _LOADS and not is_link):
                self.findings.append(f"has {name}={(value or '')[:80]!r} on a <{tag}>")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.text.append(data)
        elif "url(" in data or "@import" in data:
            self.findings.append("loads something from its style sheet")


def verify_html(path: Path, outline: Outline) -> None:
    """Reads the page again.

    Raises:
        PackageFileInvalid: it loads or runs something, lacks the client's name or its one main
            heading, or shows a marker.
    """
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    text = "\n".join(page.text)
    problems = page.findings[:1]
    if squeezed(outline.client) not in squeezed(text):
        problems.append(f"doesn't name the client, {outline.client}")
    if page.headings != 1:
        problems.append(f"has {page.headings} main headings")
    if marker := marker_in(text, outline):
        problems.append(marker)
    if problems:
        raise PackageFileInvalid(f"{path.name} {problems[0]}.")
