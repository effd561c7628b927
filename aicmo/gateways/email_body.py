"""The body of an email: Markdown as simple HTML for mail clients, and as readable plain text.

HTML in the Markdown is shown as text, links go to https:// and mailto: only, and there are no
pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from aicmo.errors import FixInput
from aicmo.gateways.personalisation import Markers

_STYLES = {
    "p": "margin:0 0 16px;",
    "h1": "margin:0 0 16px;font-size:24px;line-height:1.3;",
    "h2": "margin:24px 0 12px;font-size:20px;line-height:1.3;",
    "h3": "margin:20px 0 8px;font-size:17px;line-height:1.4;",
    "ul": "margin:0 0 16px;padding-left:24px;",
    "ol": "margin:0 0 16px;padding-left:24px;",
    "li": "margin:0 0 6px;",
    "blockquote": "margin:0 0 16px;padding:2px 0 2px 16px;border-left:3px solid #d0d5dd;color:#475467;",
    "code": "font-family:Consolas,Menlo,monospace;font-size:90%;white-space:pre-wrap;",
    "hr": "margin:24px 0;border:0;border-top:1px solid #e4e7ec;",
}


@dataclass(frozen=True)
class Body:
    """Both forms of one body, with the same markers in them."""

    html: str
    text: str


def render_body(markdown: str, markers: Markers, *, link_colour: str) -> Body:
    """The body's two forms.

    Raises:
        FixInput: it has a picture, a link that is neither https:// nor mailto:, or a placeholder in
            a link's address.
    """
    parser = _parser()
    tokens = parser.parse(markers.put_into(markdown, "content.body"))
    for token in _with_children(tokens):
        _check(token, markers)
        _dress(token, link_colour)
    html = parser.renderer.render(tokens, parser.options, {})
    return Body(html, _blocks(SyntaxTreeNode(tokens)))


def check_link(url: str, markers: Markers, place: str) -> str:
    """`url`, if an email may link to it; raises `FixInput` if not."""
    if markers.are_in(url) or "{{" in url:
        raise FixInput(
            f"{place} has a placeholder in its address",
            next_step="Link to the same address for everyone; what a contact is called stays private.",
        )
    if not url.lower().startswith(("https://", "mailto:")):
        raise FixInput(
            f"{place} goes to {url[:60]!r}, which is neither https:// nor mailto:",
            next_step="Link to an https:// page.",
        )
    return url


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    # Every address is let through here, so that _check can refuse a bad one by name instead of
    # leaving its Markdown in the text.
    parser.validateLink = lambda url: True  # noqa: ARG005
    return parser


def _with_children(tokens: list[Token]) -> list[Token]:
    return [inner for token in tokens for inner in (token, *_with_children(token.children or []))]


def _check(token: Token, markers: Markers) -> None:
    if token.type == "image":
        raise FixInput(
            "content.body has a picture, which email doesn't carry yet",
            next_step="Link to the picture's page instead.",
        )
    if token.type == "link_open":
        check_link(str(token.attrGet("href")), markers, "A link in content.body")


def _dress(token: Token, link_colour: str) -> None:
    if token.nesting < 0:
        return
    if token.tag == "a":
        token.attrSet("style", f"color:{link_colour};text-decoration:underline;")
    elif style := _STYLES.get(token.tag):
        token.attrSet("style", style)


def _blocks(node: SyntaxTreeNode, gap: str = "\n\n") -> str:
    return gap.join(_block(child) for child in node.children)


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "bullet_list" | "ordered_list":
            return _list(node)
        case "blockquote":
            return _indent(_blocks(node), "> ", "> ")
        case "fence" | "code_block":
            return _indent(node.content.rstrip("\n"), "    ", "    ")
        case "hr":
            return "-" * 20
        case "heading":
            title = _inline(node.children[0])
            return f"{title}\n{'=' * 20}" if node.tag == "h1" else title
        case _:
            return "".join(_inline(child) for child in node.children)


def _list(node: SyntaxTreeNode) -> str:
    first = int(node.attrs.get("start", 1))
    lines: list[str] = []
    for number, item in enumerate(node.children, start=first):
        bullet = f"{number}. " if node.type == "ordered_list" else "- "
        lines.append(_indent(_blocks(item, "\n"), bullet, " " * len(bullet)))
    return "\n".join(lines)


def _indent(text: str, first: str, rest: str) -> str:
    return "\n".join(
        ((rest if number else first) + line).rstrip()
        for number, line in enumerate(text.split("\n"))
    )


def _inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "link":
            return _link(node)
        case _:
            return "".join(_inline(child) for child in node.children)


def _link(node: SyntaxTreeNode) -> str:
    label = "".join(_inline(child) for child in node.children)
    address = str(node.attrs["href"])
    return label if label in (address, address.removeprefix("mailto:")) else f"{label} ({address})"
