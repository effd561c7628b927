"""From a plan's item to the post of one network: its text with links and tags, counted and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aicmo.channels import Channel
from aicmo.errors import FixInput
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import Item, PostContent
from aicmo.plans.link_tags import in_ascii, link_tags, tagged
from aicmo.posts.checking import check
from aicmo.posts.counting import length
from aicmo.posts.draft import Draft
from aicmo.posts.links import find_links
from aicmo.posts.parts import PostPart, part_of
from aicmo.posts.post import Post, PostCard, PostPicture, Span
from aicmo.posts.rules import Rules, kind_of, rules_of
from aicmo.posts.spans import spans_of

_MARKUP_IN_URLS = re.compile(r"[\\|{}@\[\]()<>*_~]")
"""What LinkedIn's little text reserves and an address can do without, but for `#`."""


def compose_post(
    document: ProjectDocument,
    item: Item,
    part: int = 1,
    *,
    pictures: Sequence[PostPicture] = (),
    card_picture: PostPicture | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Draft:
    """The post of one part of an item, on the item's network.

    Args:
        document: the item's project.
        item: an item with post content.
        part: of its thread, from 1.
        pictures: the media of that part, fitted to the network already.
        card_picture: the picture of its link's card.
        facts: what the account's server said of its limits (`rules_of`).

    Raises:
        FixInput: the item carries no post.
    """
    content = item.content
    if not isinstance(content, PostContent):
        raise FixInput(f"Item {item.id} carries no post")
    rules, source = rules_of(item.channel, facts), part_of(content, part)
    tags = link_tags(
        document.sending.utm, item.part_of or item.id, source=item.channel.value, medium="social"
    )
    card = _card(source, rules, tags, card_picture)
    post = Post(
        network=item.channel, format=_format(item.channel, content.format, pictures),
        spans=_spans(source, content.mentions, item.channel, tags, has_card=card is not None),
        pictures=tuple(pictures), card=card, language=document.language,
        visibility=content.visibility,
        content_warning=(content.content_warning or "") if rules.has_warning else "",
    )  # fmt: skip
    used = length(post.spans, rules, post.content_warning)
    problems = tuple(check(post, used, rules, content, source))
    return Draft(post, used, rules.limit, rules.unit, problems, _price(post, rules))


def _format(network: Channel, asked: str, pictures: Sequence[PostPicture]) -> str:
    """On Instagram, several media are a carousel and a film is a reel, whatever a post is called."""
    if network is not Channel.INSTAGRAM or asked != "post":
        return asked
    if len(pictures) > 1:
        return "carousel"
    return "reel" if any(kind_of(each.media_type) == "film" for each in pictures) else asked


def _card(
    source: PostPart, rules: Rules, tags: Mapping[str, str], picture: PostPicture | None
) -> PostCard | None:
    """The link's card, where we make it; pictures take its place."""
    is_web = source.link.startswith("https:")
    if rules.card != "ours" or not is_web or source.card is None or source.media:
        return None
    return PostCard(
        url=tagged(source.link, tags), title=source.card.title,
        description=source.card.description or "", picture=picture,
    )  # fmt: skip


def _spans(
    source: PostPart,
    mentions: Mapping[str, str],
    network: Channel,
    tags: Mapping[str, str],
    *,
    has_card: bool,
) -> tuple[Span, ...]:
    text = source.text
    if not has_card and _lacks(source, network):
        text = f"{text}\n\n{in_ascii(source.link)}"
    spans = spans_of(text, network, mentions)
    return tuple(_as_shown(span, network, tags) for span in spans)


def _lacks(source: PostPart, network: Channel) -> bool:
    """Whether the part has a link that its text doesn't say; Instagram makes none."""
    if network is Channel.INSTAGRAM or not source.link.startswith("https:"):
        return False
    said = {link.target.rstrip("/") for link in find_links(source.text, network)}
    return source.link.rstrip("/") not in said


def _as_shown(span: Span, network: Channel, tags: Mapping[str, str]) -> Span:
    """The span with tags in its address, and as its network writes it."""
    if span.kind == "mention" and network is Channel.LINKEDIN:
        return span.model_copy(update={"text": span.text.removeprefix("@")})
    if span.kind != "link":
        return span
    target = tagged(span.target, tags) if tags else span.target
    if network is Channel.BLUESKY:
        return span.model_copy(update={"target": target})  # readers see the short one
    if network is Channel.LINKEDIN:
        target = _without_markup(target)
    is_bare = span.text != span.target
    return span if is_bare else Span(kind="link", text=target, target=target)


def _without_markup(url: str) -> str:
    r"""The same address (RFC 3986 §6.2.2) with nothing in it that little text takes for markup."""
    scheme, host, rest = re.split(r"(?<=://)([^/?#]+)", url, maxsplit=1)
    return scheme + host + _MARKUP_IN_URLS.sub(lambda found: f"%{ord(found[0]):02X}", rest)


def _price(post: Post, rules: Rules) -> float:
    has_link = any(span.kind == "link" for span in post.spans)
    return rules.price_with_link_usd if has_link else rules.price_usd
