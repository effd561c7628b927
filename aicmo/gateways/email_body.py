"""The body of an email, from its author's Markdown or HTML: dressed for mail clients, and as text.

Both forms come from one tree. HTML in Markdown is shown as text; an author's HTML is read strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from aicmo.errors import FixInput
from aicmo.gateways.email_headers import refuse_controls_in_prose
from aicmo.gateways.email_look import Look
from aicmo.gateways.email_text import to_text
from aicmo.gateways.email_tree import TAGS, Element, read_html, refuse_other_readings, to_html
from aicmo.gateways.email_urls import Links, bare_urls
from aicmo.plans.items import EmailContent
from aicmo.plans.link_tags import in_ascii

_PLACE = "content.body"


@dataclass(frozen=True)
class Body:
    """Both forms of one body, with the same markers in them."""

    html: str
    text: str


def render_body(content: EmailContent, links: Links, look: Look) -> Body:
    """The body's two forms.

    Raises:
        FixInput: it has what an email can't carry, a link that is neither https:// nor mailto:, a
            picture that isn't at https://, or a placeholder in an address.
    """
    prose = refuse_controls_in_prose(content.body, _PLACE)
    marked = links.markers.put_into(prose, _PLACE)
    html = _markdown(marked) if content.format == "markdown" else marked
    tree = read_html(html, _PLACE, links.markers.shown)
    _check_addresses(tree, links)
    refuse_other_readings(tree, _PLACE, links.markers.shown)
    _link_bare_urls(tree, links)
    last = _last_blocks(tree)
    dressed = to_html(tree, lambda element: _dressed(element, links, look, last))
    return Body(dressed, to_text(tree, links.tagged))


def _markdown(text: str) -> str:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # Addresses stay as they are written, so that a bad one is refused by name later on.
    parser.validateLink = lambda url: True  # noqa: ARG005
    parser.normalizeLink = lambda url: url
    tokens = parser.parse(text)
    for token in tokens:
        _simplify(token)
    return parser.renderer.render(tokens, parser.options, {})


def _simplify(token: Token) -> None:
    if token.tag and token.tag not in TAGS:
        line = token.map[0] + 1 if token.map else 1
        raise FixInput(
            f"{_PLACE}, line {line}, has a heading of level {token.tag[1:]}",
            next_step="Use # to ####.",
        )
    token.info = ""  # the language of a code block, which would become a class
    if style := str(token.attrs.pop("style", "")):
        token.attrSet("align", style.removeprefix("text-align:"))


def _check_addresses(element: Element, links: Links) -> None:
    if element.tag == "a":
        links.check(element.attributes["href"], f"A link in {_PLACE}")
    if element.tag == "img":
        links.check_picture(element.attributes["src"], f"A picture in {_PLACE}")
    for child in element.children:
        if isinstance(child, Element):
            _check_addresses(child, links)


def _link_bare_urls(element: Element, links: Links) -> None:
    if element.tag in {"a", "code", "pre"}:
        return
    children: list[Element | str] = []
    for child in element.children:
        if isinstance(child, Element):
            _link_bare_urls(child, links)
            children.append(child)
        else:
            children += _linked(child, links)
    element.children = children


def _linked(text: str, links: Links) -> list[Element | str]:
    pieces: list[Element | str] = []
    for number, piece in enumerate(bare_urls(text)):
        if number % 2:
            links.check(piece, f"An address in {_PLACE}")
            pieces.append(Element("a", {"href": piece}, [piece]))
        elif piece:
            pieces.append(piece)
    return pieces


def _dressed(element: Element, links: Links, look: Look, last: set[int]) -> Mapping[str, str]:
    attributes = dict(element.attributes)
    if element.tag == "a":
        attributes["href"] = links.tagged(attributes["href"])
    if element.tag == "img":
        attributes["src"] = in_ascii(attributes["src"])
    if element.tag == "table":
        attributes |= {"cellpadding": "0", "cellspacing": "0", "border": "0"}
    style = look.style(element.tag, attributes.get("align"), is_last=id(element) in last)
    return attributes | ({"style": style} if style else {})


def _last_blocks(element: Element) -> set[int]:
    """Blocks at the end of a box that has room below it; known by their identity."""
    found: set[int] = set()
    children = [each for each in element.children if isinstance(each, Element) or each.strip()]
    if children and isinstance(children[-1], Element) and element.tag in {"blockquote", "li", "td"}:
        found.add(id(children[-1]))
    for child in children:
        found |= _last_blocks(child) if isinstance(child, Element) else set()
    return found
