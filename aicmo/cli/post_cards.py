"""Posts as cards in the terminal and as JSON: each as its network will show it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from aicmo.cli.console import local_time, plain
from aicmo.cli.findings import finding_json
from aicmo.execution.guards import OPERATOR_TASK

if TYPE_CHECKING:
    from rich.console import Console

    from aicmo.execution.post_card import Card, CardPicture, Difference
    from aicmo.execution.post_card_media import ContentOf
    from aicmo.execution.preview import Preview

_COLOURS = {
    "linkedin": "dodger_blue1", "instagram": "hot_pink", "twitter": "grey74",
    "bluesky": "deep_sky_blue1", "mastodon": "medium_purple1",
}  # fmt: skip
_SEVERITIES = {"error": "bold red", "warning": "yellow", "hint": "cyan"}
_WIDE, _NARROW = 76, 40
"""Columns of a card that stands alone, and the least of one beside others."""
_PICTURE = (28, 20)
"""Columns, and half lines, of a picture at most."""


def show_posts(console: Console, found: Preview, content_of: ContentOf) -> None:
    """The posts of the previewed items; those of one post on several networks side by side."""
    from aicmo.execution.post_card import compared

    draw = _Drawing(console, content_of)
    for group in found.headings:
        shown = [each.cards for each in group if each.cards]
        if not shown:
            continue
        posts, differences = compared(shown)
        first = group[0].item
        title = plain(f"\n{first.title}", "bold")
        console.print(title.append(f"  {first.part_of or first.key}", "not bold dim"))
        if console.is_terminal and any(card.is_marked for cards in posts for card in cards):
            said = "Underlined: words that aren't in the post on "
            console.print(plain(f"{said}{posts[0][0].network_name}.", "dim"))
        draw.side_by_side(posts, differences)


class _Drawing:
    def __init__(self, console: Console, content_of: ContentOf) -> None:
        self.console, self._content_of = console, content_of
        self._in_colour = console.color_system in ("256", "truecolor")

    def side_by_side(
        self, posts: Sequence[Sequence[Card]], differences: Sequence[Difference]
    ) -> None:
        room = self.console.width
        beside = max(1, min(len(posts), 2 if room < 3 * _NARROW else 3))
        width = min(_WIDE, room) if beside == 1 else room // beside - 1
        panels = [
            self._panel(cards, each, width) for cards, each in zip(posts, differences, strict=True)
        ]
        rows = Table.grid(padding=(0, 1, 0, 0))
        for _ in range(beside):
            rows.add_column(width=width, overflow="fold")  # a long word is broken, never cut
        for start in range(0, len(panels), beside):
            rows.add_row(*panels[start : start + beside])
        self.console.print(rows)

    def _panel(self, cards: Sequence[Card], differs: Difference, width: int) -> Panel:
        first = cards[0]
        parts: list[RenderableType] = []
        for card in cards:
            parts += [Text("│", "dim")] if parts else []
            parts += self._card(card, width - 4)
        if differs.fields:
            parts.append(plain(f"Own {', '.join(differs.fields)}", "dim"))
        return Panel(
            Group(*parts), box=box.ROUNDED, width=width, border_style=_COLOURS[first.network],
            title=plain(f" {first.network_name} ", "bold"), title_align="left",
            subtitle=plain(f" {local_time(first.send_at, first.timezone)} "), subtitle_align="right",
        )  # fmt: skip

    def _card(self, card: Card, width: int) -> list[RenderableType]:
        return [
            _account(card), Text(),
            *([plain(f"⚠ {card.post.content_warning}", "yellow")] if card.post.content_warning else []),
            _text(card), *self._pictures(card, width), *self._link_card(card, width),
            Text(), _counted(card, width), _standing(card), *_findings(card),
        ]  # fmt: skip

    def _pictures(self, card: Card, width: int) -> list[RenderableType]:
        shown: list[RenderableType] = []
        for number, each in enumerate(card.pictures, start=1):
            shown += [
                Text(),
                *self._picture(each, f" {number}" if len(card.pictures) > 1 else "", width),
            ]
        for brief in card.to_make:
            shown += [Text(), plain(f"▢ Still to be made: {brief}", "yellow")]
        return shown

    def _picture(self, each: CardPicture, number: str, width: int) -> list[RenderableType]:
        picture, is_film = each.picture, each.picture.media_type.startswith("video/")
        name = f"{'▶ Film' if is_film else '▣ Picture'}{number}"
        size = f", {picture.width} × {picture.height}" if picture.width else ""
        crop = f"; the feed shows {each.frame.seen} %, without {each.frame.cropped}"
        alt = ("No alt text", "bold red")
        if picture.alt_text:
            alt = (f"Alt text: {picture.alt_text}", "dim")
        said = _line((name, "bold"), (size, ""), (crop if each.frame.cropped else "", "yellow"))
        if is_film or not self._in_colour:
            return [said, _line(alt)]
        content, across = self._content_of(picture.sha256), min(_PICTURE[0], width)
        return [_half_blocks(content, each.frame.ratio, across), said, _line(alt)]

    def _link_card(self, card: Card, width: int) -> list[RenderableType]:
        link = card.post.card
        if link is None or card.pictures:
            return []
        said = f"\n{link.description}" if link.description else ""
        lines = _line((link.title, "bold"), (said, ""), (f"\n{link.url}", "dim"))
        drawn = Panel(lines, box=box.SQUARE, border_style="dim", width=width)
        return [Padding(drawn, (1, 0, 0, 0))]


def _line(*parts: tuple[str, str]) -> Text:
    """Texts with their styles, one after the other; none inherits another's."""
    line = Text()
    for text, style in parts:
        line.append_text(plain(text, style))
    return line


def _account(card: Card) -> Text:
    account = card.account
    if not account.pinned:
        said = ("  no account yet: operator task", "yellow")
        return _line(("○ ", "yellow"), (account.name, "bold"), said)
    dot = ("● ", _COLOURS[card.network])
    return _line(dot, (account.name, "bold"), (f"  {account.handle}", "dim"))


def _text(card: Card) -> Text:
    shown: list[tuple[str, str]] = []
    for piece in card.pieces:
        style = "" if piece.kind == "plain" else _COLOURS[card.network]
        if piece.kind == "fold":
            shown.append(("⟨…more⟩ ", "dim"))
        else:
            shown.append((piece.text, f"{style} underline" if piece.own else style))
    return _line(*shown)


def _counted(card: Card, width: int) -> Text:
    over = card.used > card.limit
    part = f"{card.part}/{card.parts}  " if card.parts > 1 else ""
    room = max(4, min(20, width - len(part) - len(card.counted) - 1))
    filled = min(room, round(room * card.used / card.limit))
    return _line(
        (f"{part}{card.counted} ", "bold red" if over else ""),
        ("━" * filled, "red" if over else "green"),
        ("─" * (room - filled), "dim"),
    )


def _standing(card: Card) -> Text:
    standing, post = card.standing, card.post
    parts = [(standing.approval, "green" if standing.is_approved else "yellow")]
    if card.price:
        parts.append((f", {card.price} for this post", ""))
    if standing.reason not in ("", standing.approval, OPERATOR_TASK):
        parts.append((f", {standing.reason}", "yellow"))
    if standing.state not in ("pending", "held", "claimed", "sending"):
        parts.append((f", already {standing.state}", ""))
    if post.format != "post":
        parts.append((f", {post.format}", ""))
    if post.visibility != "public":
        parts.append((f", visible to {post.visibility}", ""))
    return _line(*parts, (f"\n{standing.permalink}" if standing.permalink else "", "dim"))


def _findings(card: Card) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for each in card.findings:
        name = (f"{each.severity.capitalize()}  ", _SEVERITIES[each.severity])
        lines.append(_line(name, (f"{each.place}: {each}.", "")))
        if each.fix:
            lines.append(plain(f"  Fix: {each.fix}.", "dim"))
    return lines


def _half_blocks(content: bytes, ratio: float, width: int) -> Text:
    """A picture as the feed crops it, drawn with two coloured half blocks in each character."""
    from PIL import Image, ImageOps

    from aicmo.execution.post_card_media import small_copy

    small = small_copy(content, 4 * _PICTURE[0])
    if not small:
        return Text()
    across = min(width, max(4, round(_PICTURE[1] * ratio)))
    down = max(2, 2 * round(across / ratio / 2))
    with Image.open(io.BytesIO(small)) as picture:
        rows = ImageOps.fit(picture.convert("RGB"), (across, down))
    drawn = Text()
    for y in range(0, down, 2):
        for x in range(across):
            upper, lower = (_hex(rows.getpixel((x, y + line))) for line in (0, 1))
            drawn.append("▀", f"{upper} on {lower}")
        drawn.append("\n")
    drawn.rstrip()
    return drawn


def _hex(pixel: Any) -> str:
    return "#{:02x}{:02x}{:02x}".format(*pixel)


def card_json(card: Card) -> dict[str, Any]:
    """A card's fields as `aicmo preview --json` prints them."""
    account, standing, link = card.account, card.standing, card.post.card
    return {
        "network": card.network.value, "part": card.part, "parts": card.parts,
        "format": card.post.format, "visibility": card.post.visibility,
        "content_warning": card.post.content_warning,
        "account": {"pinned": account.pinned, "name": account.name, "handle": account.handle},
        "text": card.post.text,
        "shown": [{"kind": each.kind, "text": each.text} for each in card.pieces],
        "pictures": [_picture_json(each) for each in card.pictures],
        "to_make": list(card.to_make),
        "link_card": {"url": link.url, "title": link.title, "description": link.description} if link else None,
        "used": card.used, "limit": card.limit, "unit": card.unit, "price_usd": card.price_usd,
        "local_time": local_time(card.send_at, card.timezone),
        "approval": standing.approval, "state": standing.state, "reason": standing.reason,
        "permalink": standing.permalink,
        "problems": [finding_json(each) for each in card.findings],
    }  # fmt: skip


def _picture_json(each: CardPicture) -> dict[str, Any]:
    picture = each.picture
    return {
        "media_type": picture.media_type, "width": picture.width, "height": picture.height,
        "alt_text": picture.alt_text, "sha256": picture.sha256,
        "shown_percent": each.frame.seen, "cropped": each.frame.cropped,
    }  # fmt: skip
