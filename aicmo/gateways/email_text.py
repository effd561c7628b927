"""The plain-text part of an email, made from the same tree as the HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

from aicmo.gateways.email_tree import INLINE, Element

_RULE = "-" * 20


def to_text(tree: Element, tagged: Callable[[str], str]) -> str:
    """The tree as text; `tagged` says how an address is written."""
    return _Writer(tagged).blocks(tree, "\n\n")


class _Writer:
    def __init__(self, tagged: Callable[[str], str]) -> None:
        self._tagged = tagged

    def blocks(self, element: Element, gap: str) -> str:
        parts: list[str] = []
        for inline, children in groupby(element.children, key=_is_inline):
            if inline:
                parts.append(self._run(list(children)))
            else:
                parts += [self._block(child) for child in children if isinstance(child, Element)]
        return gap.join(part for part in parts if part)

    def _block(self, element: Element) -> str:
        match element.tag:
            case "ul" | "ol":
                return self._list(element)
            case "blockquote":
                return _indent(self.blocks(element, "\n\n"), "> ", "> ")
            case "pre":
                return _indent(self._inline(element).rstrip("\n"), "    ", "    ")
            case "hr":
                return _RULE
            case "table":
                return self._table(element)
            case _:
                text = self._run(element.children)
                return f"{text}\n{'=' * 20}" if element.tag == "h1" else text

    def _list(self, element: Element) -> str:
        first = int(element.attributes.get("start", 1))
        lines: list[str] = []
        for number, item in enumerate(_elements(element), start=first):
            bullet = f"{number}. " if element.tag == "ol" else "- "
            lines.append(_indent(self.blocks(item, "\n"), bullet, " " * len(bullet)))
        return "\n".join(lines)

    def _table(self, element: Element) -> str:
        lines: list[str] = []
        for part in _elements(element):
            rows = [part] if part.tag == "tr" else _elements(part)
            lines += [self._row(row) for row in rows]
            lines += [_RULE] if part.tag == "thead" else []
        return "\n".join(lines)

    def _row(self, row: Element) -> str:
        return " | ".join(self.blocks(cell, " ").replace("\n", " ") for cell in _elements(row))

    def _run(self, children: list[Element | str]) -> str:
        spaced = re.sub(r"[ \t]*\n[ \t]*", "\n", self._inline(Element("", {}, children)))
        return spaced.strip(" \n")

    def _inline(self, element: Element) -> str:
        keeps_lines = element.tag == "pre"
        return "".join(
            self._element(child, keeps_lines=keeps_lines)
            if isinstance(child, Element)
            else (child if keeps_lines else re.sub(r"[ \t\n]+", " ", child))
            for child in element.children
        )

    def _element(self, element: Element, *, keeps_lines: bool) -> str:
        match element.tag:
            case "br":
                return "\n"
            case "img":
                return f"[{alt}]" if (alt := element.attributes.get("alt")) else ""
            case "a":
                return self._link(element)
            case _:
                inner = Element("pre" if keeps_lines else "", {}, element.children)
                return self._inline(inner)

    def _link(self, element: Element) -> str:
        label = self._inline(element)
        written = element.attributes["href"]
        if label in (written, written.removeprefix("mailto:")):
            return self._tagged(written) if label == written else label
        return f"{label} ({self._tagged(written)})"


def _is_inline(child: Element | str) -> bool:
    return isinstance(child, str) or child.tag in INLINE


def _elements(element: Element) -> list[Element]:
    return [child for child in element.children if isinstance(child, Element)]


def _indent(text: str, first: str, rest: str) -> str:
    return "\n".join(
        ((rest if number else first) + line).rstrip()
        for number, line in enumerate(text.split("\n"))
    )
