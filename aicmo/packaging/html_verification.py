"""The check of a written page: that it stands alone, does nothing and shows no marker.

It holds for a page by a project's own template as well. Two walls: the page has nothing that
loads or runs, and the browser is told to refuse both (Content Security Policy Level 3). The policy
counts only if it stands in the head, before anything it governs.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from aicmo.errors import PackageFileInvalid
from aicmo.packaging.outline import marker_in, squeezed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aicmo.packaging.outline import Outline

_LOADS = frozenset(
    ("src", "srcset", "href", "data", "poster", "action", "formaction", "background", "ping")
)
_FORBIDDEN = frozenset(
    (
        *("script", "iframe", "frame", "frameset", "object", "embed", "applet", "portal"),
        *("form", "link", "base", "video", "audio", "source", "track", "template"),
        *("animate", "animatemotion", "animatetransform", "set", "foreignobject"),
    )
)
_HEAD = frozenset(("html", "head", "meta", "title"))
_LINKS = ("#", "https://", "mailto:")
_PICTURE = re.compile(r"data:image/(?:png|jpeg|webp);base64,[A-Za-z0-9+/=]+")
_POLICY = {
    "default-src": re.compile(r"'none'"),
    "style-src": re.compile(r"'sha256-[\w+/=]+'(?: 'sha256-[\w+/=]+')*"),
    "img-src": re.compile(r"data:"),
    "base-uri": re.compile(r"'none'"),
    "form-action": re.compile(r"'none'"),
}
"""What each part of the policy may say; a part that isn't here could only allow more."""


class _Page(HTMLParser):
    """Collects a page's text and everything in it that could load or run something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.styles: list[str] = []
        self.findings: list[str] = []
        self.headings = 0
        self.policy = ""
        self._in_head = True
        self._in_style = self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Of an attribute that is given twice, a browser takes the first.
        given = {name: value or "" for name, value in reversed(attrs)}
        self._in_head = self._in_head and tag in _HEAD
        self._in_style, self._in_title = tag == "style", tag == "title"
        self.headings += tag == "h1"
        if self._in_style:
            self.styles.append("")
        if tag in _FORBIDDEN:
            self.findings.append(f"has a <{tag}>")
        if "http-equiv" in given:
            self._meta(given)
        self.findings += [
            f"has {name}={value[:80]!r} on a <{tag}>"
            for name, value in given.items()
            if _acts(tag, name, value)
        ]

    def _meta(self, given: Mapping[str, str]) -> None:
        name = given["http-equiv"]
        if name.lower() != "content-security-policy":
            self.findings.append(f"has <meta http-equiv={name[:40]!r}>")
        elif self._in_head and not self.policy:
            self.policy = given.get("content", "")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"
        self._in_title = self._in_title and tag != "title"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles[-1] += data
            return
        self.text.append(data)
        # Text opens the body, as far as a browser is concerned: a policy after it is void.
        self._in_head = self._in_head and (self._in_title or not data.strip())


def _acts(tag: str, name: str, value: str) -> bool:
    """Whether an attribute loads, runs or sends something, or styles past the policy."""
    if name.startswith("on") or name in ("style", "srcdoc"):
        return True
    if name.rpartition(":")[2] not in _LOADS:
        return False
    is_link = tag == "a" and name == "href" and value.startswith(_LINKS)
    is_picture = tag == "img" and name == "src" and bool(_PICTURE.fullmatch(value))
    return not (is_link or is_picture)


def verify_html(path: Path, outline: Outline) -> None:
    """Reads the page again.

    Raises:
        PackageFileInvalid: it loads or runs something, its content security policy allows more than
            its own style sheets and pictures, it lacks the client's name or its one main heading,
            or it shows a marker.
    """
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    text = "\n".join(page.text)
    problems = [*page.findings, *_style_problems(page), *_policy_problems(page)]
    if squeezed(outline.client) not in squeezed(text):
        problems.append(f"doesn't name the client, {outline.client}")
    if page.headings != 1:
        problems.append(f"has {page.headings} main headings")
    if marker := marker_in(text, outline):
        problems.append(marker)
    if problems:
        raise PackageFileInvalid(f"{path.name} {problems[0]}.")


def _style_problems(page: _Page) -> list[str]:
    loads = any(
        re.search(r"url\(|@import|image-set\(|src\(", one, re.IGNORECASE) for one in page.styles
    )
    return ["loads something from its style sheet"] if loads else []


def _policy_problems(page: _Page) -> list[str]:
    if not page.policy:
        return ["has no content security policy at the top of its head"]
    split = (part.strip().partition(" ") for part in page.policy.split(";") if part.strip())
    parts = {name: said for name, _, said in split}
    for name, said in parts.items():
        if name not in _POLICY or not _POLICY[name].fullmatch(said.strip()):
            return [f"has a content security policy with {name} {said[:80]}"]
    if missing := [
        name for name in ("default-src", "base-uri", "form-action") if name not in parts
    ]:
        return [f"has a content security policy without {missing[0]}"]
    if any(_hash(style) not in parts.get("style-src", "") for style in page.styles):
        return ["has a style sheet that its content security policy doesn't name by its hash"]
    return []


def _hash(style: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
