"""An author's HTML as a tree, read strictly: what an email can't carry is refused by its name.

Nothing is dropped or mended. Whoever reads the same HTML otherwise than we do, as a browser's parser
might, would show what nobody has approved: so a second parser (nh3) must find the same tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from html.parser import HTMLParser
from itertools import zip_longest

import nh3

from aicmo.errors import FixInput
from aicmo.gateways.email_headers import refuse_controls_in_prose

INLINE = frozenset({"a", "b", "br", "code", "em", "i", "img", "strong", "u"})
VOID = frozenset({"br", "hr", "img"})
_BLOCKS = frozenset({"p", "h1", "h2", "h3", "h4", "ul", "ol", "blockquote", "pre", "hr", "table"})
_FLOW = INLINE | _BLOCKS
_MAY_HOLD: Mapping[str, frozenset[str]] = {
    "": _FLOW,
    "blockquote": _FLOW,
    "li": _FLOW,
    "td": _FLOW,
    "th": INLINE,
    "ul": frozenset({"li"}),
    "ol": frozenset({"li"}),
    "table": frozenset({"thead", "tbody", "tr"}),
    "thead": frozenset({"tr"}),
    "tbody": frozenset({"tr"}),
    "tr": frozenset({"th", "td"}),
}
"""What each element may hold; one that isn't named holds text and inline elements."""
_WITHOUT_TEXT = frozenset({"ul", "ol", "table", "thead", "tbody", "tr"})
_ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "a": {"href": r".+"},
    "img": {"src": r".+", "alt": r"(?s).*", "width": r"[1-9]\d{0,3}"},
    "ol": {"start": r"\d{1,9}"},
    "td": {"align": "left|center|right"},
    "th": {"align": "left|center|right"},
}
_REQUIRED = {"a": "href", "img": "src"}
_DEEPEST = 30
TAGS = _FLOW.union(*_MAY_HOLD.values())
_ALLOWED = " ".join(sorted(TAGS))


@dataclass
class Element:
    """An element and what is in it; the root's tag is empty."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    children: list[Element | str] = field(default_factory=list["Element | str"])


Shown = Callable[[str], str]
"""What an author knows a piece of the HTML as, for a message about it."""


def read_html(html: str, place: str, shown: Shown = str) -> Element:
    """The tree of an HTML fragment.

    Raises:
        FixInput: it has an element or attribute that email can't carry, or isn't well-formed.
    """
    return _Reader(place, shown).read(html)


def refuse_other_readings(tree: Element, place: str, shown: Shown = str) -> None:
    """Checks that a browser's parser finds the same tree; raises `FixInput` if not."""
    html = to_html(tree)
    cleaned = nh3.clean(
        html,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        clean_content_tags=set(),
        link_rel=None,
        url_schemes={"https", "mailto"},
    )
    ours, theirs = _events(html), _events(cleaned)
    if ours != theirs:
        pairs = zip_longest(ours, theirs, fillvalue="the end")
        differing = next(one for one, other in pairs if one != other)
        raise FixInput(
            f"{place} would be read otherwise by a browser at {shown(differing)[:40]!r}",
            next_step="Write that part in a simpler way.",
        )


def to_html(
    element: Element, attributes: Callable[[Element], Mapping[str, str]] = lambda e: e.attributes
) -> str:
    """The tree as HTML; `attributes` says which ones an element is written with."""
    inner = "".join(
        to_html(child, attributes) if isinstance(child, Element) else escape(child, quote=False)
        for child in element.children
    )
    if not element.tag:
        return inner
    written = "".join(f' {name}="{escape(text)}"' for name, text in attributes(element).items())
    end = "" if element.tag in VOID else f"{inner}</{element.tag}>"
    return f"<{element.tag}{written}>{end}"


class _Reader(HTMLParser):
    def __init__(self, place: str, shown: Shown) -> None:
        super().__init__(convert_charrefs=True)
        self._place, self._shown = place, shown
        self._open = [Element("")]

    def read(self, html: str) -> Element:
        self.feed(html)
        if re.search("<[A-Za-z/!?]", self.rawdata):
            self._refuse("ends within a tag", "Close it with >, or write &lt; for the sign itself.")
        self.close()
        if len(self._open) > 1:
            tag = self._open[-1].tag
            self._refuse(f"never closes <{tag}>", f"Add </{tag}>.")
        return self._open[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1]
        if tag not in TAGS:
            self._refuse(
                f"has <{self._start_of(tag)}>, which email doesn't carry", f"These are: {_ALLOWED}."
            )
        if tag not in _MAY_HOLD.get(parent.tag, INLINE) or self._is_nested_link(tag):
            outside = f"inside <{parent.tag}>" if parent.tag else "on its own"
            self._refuse(f"has <{tag}> {outside}, where it can't be", "Close the outer one first.")
        if len(self._open) > _DEEPEST:
            self._refuse(
                f"is nested more than {_DEEPEST} levels deep", "Write it in a simpler way."
            )
        element = Element(tag, self._attributes(tag, attrs))
        parent.children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # browsers ignore the slash, too

    def handle_endtag(self, tag: str) -> None:
        if tag != self._open[-1].tag:
            self._refuse(f"has </{tag}> where nothing of the kind is open", "Remove or move it.")
        self._open.pop()

    def handle_data(self, data: str) -> None:
        parent = self._open[-1]
        if parent.tag == "pre" and not parent.children:
            data = data.removeprefix("\n")  # HTML Standard §13.1.2.5
        if parent.tag in _WITHOUT_TEXT and data.strip():
            self._refuse(
                f"has the text {self._start_of(data)!r} directly in <{parent.tag}>",
                "Put it into an element of its own.",
            )
        if data:
            parent.children.append(refuse_controls_in_prose(data, self._place))

    def handle_comment(self, data: str) -> None:
        self._refuse(
            f"has the comment {self._start_of(data)!r}", "Remove it; recipients can read it."
        )

    def handle_decl(self, decl: str) -> None:
        self._refuse(
            f"has <!{self._start_of(decl)}>",
            "Give the body's HTML only; the page is made around it.",
        )

    def unknown_decl(self, data: str) -> None:
        self.handle_decl(data)

    def handle_pi(self, data: str) -> None:
        self._refuse(f"has <?{self._start_of(data)}>", "Remove it.")

    def _is_nested_link(self, tag: str) -> bool:
        return tag == "a" and any(element.tag == "a" for element in self._open)

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> dict[str, str]:
        allowed, found = _ATTRIBUTES.get(tag, {}), dict[str, str]()
        for name, given in attrs:
            text = refuse_controls_in_prose(given or "", self._place)
            if name not in allowed or name in found or not re.fullmatch(allowed[name], text):
                self._refuse(
                    f'has <{tag} {name}="{self._start_of(text)}">, which email doesn\'t carry',
                    f"<{tag}> may have: {', '.join(allowed)}." if allowed else "Remove it.",
                )
            found[name] = text
        if (required := _REQUIRED.get(tag, "")) not in {*found, ""}:
            self._refuse(f"has <{tag}> without {required}", f"Add the {required}.")
        return found

    def _start_of(self, text: str) -> str:
        return self._shown(text.strip())[:40]

    def _refuse(self, problem: str, fix: str) -> None:
        raise FixInput(f"{self._place}, line {self.getpos()[0]}, {problem}", next_step=fix)


class _Events(HTMLParser):
    """What a parser comes across, one after the other."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._see(tag, self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self._see(tag, f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.seen.append(data)

    def _see(self, tag: str, event: str) -> None:
        if tag != "tbody":  # browsers add it
            self.seen.append(unescape(event))


def _events(html: str) -> list[str]:
    parser = _Events()
    parser.feed(html)
    parser.close()
    return parser.seen
