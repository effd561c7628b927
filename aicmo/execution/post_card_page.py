"""Cards as the preview page draws them: pictures inlined and small, times by the client's clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aicmo.execution.post_card import Card, CardPicture, compared
from aicmo.execution.post_card_media import ContentOf, data_address, small_copy

_SHOWN = 600
"""Pixels of a picture on the page, at most; the page is to be mailed and opened on a telephone."""
_SMALL = 120


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture with its `data:` addresses: as the feed crops it, and small and whole; '' of a film.

    seen: the part of the whole that the feed shows: x, y, width and height in percent.
    """

    of: CardPicture
    address: str = ""
    whole: str = ""
    seen: tuple[float, float, float, float] = (0, 0, 100, 100)

    @property
    def is_upright(self) -> bool:
        return self.of.frame.ratio < 1

    @property
    def is_film(self) -> bool:
        return self.of.picture.media_type.startswith("video/")


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card with what the page needs to draw it."""

    card: Card
    avatar: str
    initials: str
    pictures: tuple[ShownPicture, ...]
    link_address: str
    domain: str


@dataclass(frozen=True, slots=True)
class ShownPost:
    """One network's post: its cards (several of a thread), and what it has differently."""

    cards: tuple[ShownCard, ...]
    differs: tuple[str, ...]
    when: str

    @property
    def first(self) -> Card:
        return self.cards[0].card

    @property
    def is_marked(self) -> bool:
        return any(shown.card.is_marked for shown in self.cards)


def shown_posts(posts: Sequence[Sequence[Card]], content_of: ContentOf) -> list[ShownPost]:
    """The posts of one item, one network's or several networks' side by side."""
    posts = [cards for cards in posts if cards]
    if not posts:
        return []
    marked, differences = compared(posts)
    return [
        ShownPost(
            tuple(_shown(card, content_of) for card in cards), difference.fields,
            local_time(cards[0].send_at, cards[0].timezone),
        )
        for cards, difference in zip(marked, differences, strict=True)
    ]  # fmt: skip


def local_time(instant: datetime, timezone: str) -> str:
    """`Tue 3 March 2026, 07:30 CST`."""
    local = instant.astimezone(ZoneInfo(timezone))
    return f"{local:%a} {local.day} {local:%B %Y, %H:%M %Z}"


def _shown(card: Card, content_of: ContentOf) -> ShownCard:
    of_link = card.link_picture
    return ShownCard(
        card,
        data_address(card.account.avatar or b"", "image/png"),
        _initials(card.account.name),
        tuple(_picture(each, content_of) for each in card.pictures),
        _as_cropped(of_link, content_of) if of_link else "",
        (urlsplit(card.post.card.url).hostname or "").removeprefix("www.") if card.post.card else "",
    )  # fmt: skip


def _picture(picture: CardPicture, content_of: ContentOf) -> ShownPicture:
    if picture.picture.media_type.startswith("video/"):
        return ShownPicture(picture)
    shown = _as_cropped(picture, content_of)
    if not picture.frame.cropped:
        return ShownPicture(picture, shown)
    whole = data_address(small_copy(content_of(picture.picture.sha256), _SMALL))
    return ShownPicture(picture, shown, whole, _seen(picture))


def _as_cropped(picture: CardPicture, content_of: ContentOf) -> str:
    content = content_of(picture.picture.sha256)
    return data_address(small_copy(content, _SHOWN, picture.frame.ratio))


def _seen(picture: CardPicture) -> tuple[float, float, float, float]:
    seen = picture.frame.seen
    lost = (100 - seen) / 2
    if picture.frame.cropped == "top and bottom":
        return (0, lost, 100, seen)
    return (lost, 0, seen, 100)


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split()[:2]).upper() or "?"
