"""Posts as cards in the terminal and as JSON: each as its network will show it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
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
    "linkedin": "dodger_blue2", "instagram": "deep_pink3", "twitter": "bright_white",
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
        if len(shown) > 1:
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
        self.console.print(Columns(panels, width=width, padding=(0, 1)))

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
        shown: list[RenderableType] = [Text()] if card.pictures or card.to_make else []
        for number, each in enumerate(card.pictures, start=1):
            shown += self._picture(each, f" {number}" if len(card.pictures) > 1 else "", width)
        return shown + [plain(f"▢ Still to be made: {brief}", "yellow") for brief in card.to_make]

    def _picture(self, each: CardPicture, number: str, width: int) -> list[RenderableType]:
        picture, is_film = each.picture, each.picture.media_type.startswith("video/")
        size = f", {picture.width} × {picture.height}" if picture.width else ""
        said = plain(f"{'▶ Film' if is_film else '▣ Picture'}{number}{size}", "bold")
        if each.frame.cropped:
            said.append(
                f"; the feed shows {each.frame.seen} %, without {each.frame.cropped}", "yellow"
            )
        alt = (
            plain(f"Alt text: {picture.alt_text}", "dim")
            if picture.alt_text
            else plain("No alt text", "bold red")
        )
        drawn = [] if is_film or not self._in_colour else [
            _half_blocks(self._content_of(picture.sha256), each.frame.ratio, min(_PICTURE[0], width))
        ]  # fmt: skip
        return [*drawn, said, alt]

    def _link_card(self, card: Card, width: int) -> list[RenderableType]:
        link = card.post.card
        if link is None or card.pictures:
            return []
        lines = plain(link.title, "bold")
        if link.description:
            lines.append_text(plain(f"\n{link.description}"))
        lines.append_text(plain(f"\n{link.url}", "dim"))
        return [
            Padding(Panel(lines, box=box.SQUARE, border_style="dim", width=width), (1, 0, 0, 0))
        ]


def _account(card: Card) -> Text:
    account = card.account
    if not account.pinned:
        return plain("○ ", "yellow").append_text(plain(account.name, "bold")).append("  no account yet: operator task", "yellow")  # fmt: skip
    return plain("● ", _COLOURS[card.network]).append_text(plain(account.name, "bold")).append_text(plain(f"  {account.handle}", "dim"))  # fmt: skip


def _text(card: Card) -> Text:
    shown = Text()
    for piece in card.pieces:
        if piece.kind == "fold":
            shown.append(" ⟨… more⟩ ", "dim")
            continue
        style = "" if piece.kind == "plain" else _COLOURS[card.network]
        shown.append_text(plain(piece.text, f"{style} underline" if piece.own else style))
    return shown


def _counted(card: Card, width: int) -> Text:
    over = card.used > card.limit
    room = max(4, min(20, width - len(card.counted) - 12))
    filled = min(room, round(room * card.used / card.limit)) if card.limit else 0
    part = f"{card.part}/{card.parts}  " if card.parts > 1 else ""
    line = plain(f"{part}{card.counted} ", "bold red" if over else "")
    return line.append("━" * filled, "red" if over else "green").append(
        "━" * (room - filled), "dim"
    )


def _standing(card: Card) -> Text:
    said = plain(card.standing.approval, "green" if card.standing.is_approved else "yellow")
    if card.price_usd:
        said.append(f", US${card.price_usd:.3f} for this post", "default")
    if card.standing.reason not in ("", card.standing.approval, OPERATOR_TASK):
        said.append_text(plain(f", {card.standing.reason}", "yellow"))
    if card.standing.state in ("sent", "failed", "unknown", "cancelled", "expired"):
        said.append(f", already {card.standing.state}", "default")
    for name, usual, value in (
        ("", "post", card.post.format), ("visible to ", "public", card.post.visibility),
    ):  # fmt: skip
        if value != usual:
            said.append(f", {name}{value}", "default")
    return said


def _findings(card: Card) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for each in card.findings:
        line = plain(f"{each.severity.capitalize()}  ", _SEVERITIES[each.severity])
        lines.append(line.append_text(plain(f"{each.place}: {each}.", "default")))
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
