"""What a reader sees of an email's HTML: its words, links and pictures, and what is kept from sight."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
    "source", "track", "wbr",
})  # fmt: skip
"""Elements without an end tag (HTML Living Standard, §13.1.2)."""
_NO_TEXT = frozenset(("head", "style", "script", "title"))
_INLINE = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "big", "center", "cite", "code", "del", "em", "font", "i",
    "img", "ins", "kbd", "mark", "q", "s", "small", "span", "strike", "strong", "sub", "sup",
    "u", "wbr",
})  # fmt: skip
_CONCEALED = re.compile(
    r"display:none|visibility:hidden|max-height:0(?:px)?(?:;|$)|opacity:0(?:;|$)"
    r"|font-size:0(?:px|pt|em|rem|%)?(?:;|$)"
)
_FOREGROUND = re.compile(r"(?:^|;)color:([^;]+)")
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;]+)")
_FILLING = re.compile("[\\s\u00a0\u00ad\u034f\u2007\u200b-\u200f\u2060\ufeff]+")


@dataclass
class Link:
    """`text` is what stands on it, or the alternative text of the picture that does."""

    url: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """`alt` is None where the attribute is missing; '' marks a decoration."""

    source: str
    alt: str | None


@dataclass
class Shown:
    """The parts of a page; `concealed` is text that no reader sees."""

    text: str = ""
    concealed: str = ""
    links: list[Link] = field(default_factory=list[Link])
    pictures: list[Picture] = field(default_factory=list[Picture])


def read_html(html: str) -> Shown:
    """What a reader sees of `html`."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    shown = reader.shown
    shown.text, shown.concealed = in_one_line(shown.text), in_one_line(shown.concealed)
    for link in shown.links:
        link.text = in_one_line(link.text)
    return shown


def in_one_line(text: str) -> str:
    """`text` with single spaces, and without the invisible characters that only fill room."""
    return _FILLING.sub(" ", text).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.shown = Shown()
        self._open: list[tuple[str, bool]] = []
        self._link: Link | None = None

    @property
    def _is_concealed(self) -> bool:
        return any(concealed for _, concealed in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _INLINE:
            self._add(" ")
        if tag == "a" and "href" in given:
            self._link = Link(given["href"].strip())
            self.shown.links.append(self._link)
        if tag == "img":
            self._picture(given)
        if tag not in _VOID:
            self._open.append((tag, _is_concealed(given)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._link = None
        if tag not in _INLINE:
            self._add(" ")
        tags = [each for each, _ in self._open]
        if tag in tags:
            del self._open[len(tags) - 1 - tags[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if not any(tag in _NO_TEXT for tag, _ in self._open):
            self._add(data)

    def _picture(self, given: dict[str, str]) -> None:
        self.shown.pictures.append(Picture(given.get("src", ""), given.get("alt")))
        if self._link is not None:
            self._link.text += given.get("alt", "")

    def _add(self, text: str) -> None:
        if self._is_concealed:
            self.shown.concealed += text
            return
        self.shown.text += text
        if self._link is not None:
            self._link.text += text


def _is_concealed(given: dict[str, str]) -> bool:
    style = re.sub(r"\s+", "", given.get("style", "")).lower()
    inks, papers = _FOREGROUND.findall(style), _BACKGROUND.findall(style)
    same = bool(inks and papers) and inks[-1] == papers[-1]
    return "hidden" in given or same or bool(_CONCEALED.search(style))
