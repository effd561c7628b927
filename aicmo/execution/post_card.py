"""One post as its network will show it: what a card says, apart from how it is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aicmo.channels import SOCIAL, Channel
from aicmo.execution.post_card_media import Frame, Layout, card_frame, frames, layout_of
from aicmo.execution.post_card_text import Piece, marked, pieces
from aicmo.gateways.email_findings import Finding
from aicmo.posts.draft import Draft
from aicmo.posts.post import Post, PostPicture
from aicmo.posts.rules import rules_of

NETWORK_NAMES = {network: rules_of(network).name for network in SOCIAL}


@dataclass(frozen=True, slots=True)
class CardAccount:
    """Whom the post goes out as; without `pinned` nobody yet, and a person posts it.

    handle: as readers know it. avatar: a small PNG, or None.
    """

    pinned: bool
    name: str
    handle: str = ""
    avatar: bytes | None = None


@dataclass(frozen=True, slots=True)
class CardPicture:
    """A picture or film, and its place in the feed."""

    picture: PostPicture
    frame: Frame


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a delivery stands: its state in the ledger, and what keeps it from going out.

    approval: `approved by Ann`, `not approved` or `changed since its approval`.
    permalink: of what went out, where it is known.
    """

    state: str
    approval: str
    reason: str = ""
    permalink: str = ""

    @property
    def is_approved(self) -> bool:
        return self.approval.startswith("approved")


@dataclass(frozen=True, slots=True)
class Card:
    """One post, or one part of a thread, with everything a person wants to see before a yes.

    pieces: the text as the feed shows it. to_make: briefs of pictures that aren't there yet.
    used, limit: in the network's own counting, `unit`. price_usd: what the network charges.
    send_at: aware; timezone: IANA name, by whose clocks it is shown.
    findings: what is wrong, each with its fix.
    """

    item: str
    network: Channel
    part: int
    parts: int
    account: CardAccount
    post: Post
    pieces: tuple[Piece, ...]
    layout: Layout
    pictures: tuple[CardPicture, ...]
    link_picture: CardPicture | None
    to_make: tuple[str, ...]
    used: int
    limit: int
    unit: str
    price_usd: float
    send_at: datetime
    timezone: str
    standing: Standing
    findings: tuple[Finding, ...]

    @property
    def network_name(self) -> str:
        return NETWORK_NAMES[self.network]

    @property
    def is_sound(self) -> bool:
        """Whether it can go out as it is."""
        return all(each.severity != "error" for each in self.findings)

    @property
    def is_marked(self) -> bool:
        """Whether words of it are marked as its own."""
        return any(piece.own for piece in self.pieces)

    @property
    def counted(self) -> str:
        """`287 of 300 characters`."""
        return f"{self.used:,} of {self.limit:,} {self.unit}"

    @property
    def price(self) -> str:
        """`US$0.20` or `US$0.015`; '' of what costs nothing."""
        return f"US${self.price_usd:.3f}".removesuffix("0") if self.price_usd else ""


def make_card(
    draft: Draft,
    account: CardAccount,
    standing: Standing,
    findings: Sequence[Finding],
    *,
    item: str,
    part: int,
    parts: int,
    to_make: Sequence[str],
    send_at: datetime,
    timezone: str,
) -> Card:
    """The card of one composed post; `findings` are all that is wrong with it."""
    post = draft.post
    places = frames(post.network, post.format, post.pictures)
    of_link = post.card.picture if post.card else None
    return Card(
        item, post.network, part, parts, account, post,
        pieces(post.network, post.spans), layout_of(post.network, len(post.pictures)),
        tuple(CardPicture(*each) for each in zip(post.pictures, places, strict=True)),
        CardPicture(of_link, card_frame(of_link)) if of_link else None, tuple(to_make),
        draft.used, draft.limit, draft.unit, draft.price_usd, send_at, timezone, standing,
        tuple(findings),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """What one of several networks' posts has differently from most of the others.

    fields: of `time`, `text`, `pictures`, `link`.
    """

    item: str
    fields: tuple[str, ...]


def compared(posts: Sequence[Sequence[Card]]) -> tuple[list[list[Card]], list[Difference]]:
    """The posts of one item on several networks, told apart.

    Args:
        posts: of each network its cards, one or a thread's; the first is what the others' words
            are compared with.
    """
    first = "\n".join(card.post.text for card in posts[0])
    shown = [list(posts[0])] + [
        [replace(each, pieces=marked(each.pieces, each.post.text, first)) for each in cards]
        for cards in posts[1:]
    ]
    looks = [_look(cards) for cards in posts]
    usual = {name: Counter(look[name] for look in looks).most_common(1)[0][0] for name in _FIELDS}
    return shown, [
        Difference(cards[0].item, tuple(name for name in _FIELDS if look[name] != usual[name]))
        for cards, look in zip(posts, looks, strict=True)
    ]


_FIELDS = ("time", "text", "pictures", "link")


def _look(cards: Sequence[Card]) -> dict[str, str]:
    spans = [span for card in cards for span in card.post.spans]
    words = " ".join(span.text for span in spans if span.kind != "link")
    links = [span.target or span.text for span in spans if span.kind == "link"]
    of_cards = [card.post.card.url for card in cards if card.post.card]
    return {
        "time": cards[0].send_at.isoformat(),
        "text": " ".join(words.split()),
        "pictures": str([len(card.pictures) for card in cards if card.pictures]),
        "link": str(sorted({_plain(each) for each in [*links, *of_cards]})),
    }


def _plain(url: str) -> str:
    """An address without its query: each network has link tags of its own."""
    return url.partition("?")[0]
