"""What is wrong with a post, in plain words with exact numbers, each with its fix."""

from __future__ import annotations

from collections.abc import Iterator

from aicmo.channels import Channel
from aicmo.plans.items import PostContent
from aicmo.posts.checking_media import check_media
from aicmo.posts.checking_text import check_text
from aicmo.posts.draft import PostProblem
from aicmo.posts.likeness import repeated_parts
from aicmo.posts.parts import PostPart
from aicmo.posts.post import Post
from aicmo.posts.rules import Rules


def check(
    post: Post, used: int, rules: Rules, content: PostContent, source: PostPart
) -> Iterator[PostProblem]:
    """Every problem of a composed part.

    Args:
        post: as it would go out.
        used: its length in the network's own counting.
        rules: of its network.
        content: of the whole item.
        source: the part as it was written.
    """
    yield from check_text(post, used, rules, content, source)
    yield from check_media(post, rules, content, source)
    yield from _check_link(post, rules, content, source)
    if source.place == "content":
        yield from _check_kind(rules, content)


def _check_kind(rules: Rules, content: PostContent) -> Iterator[PostProblem]:
    if content.format not in rules.formats:
        offered = " or ".join(rules.formats)
        yield PostProblem(
            "error", "content.format", f"{rules.name} has no {content.format}",
            f"Set format to {offered} on {rules.name}",
        )  # fmt: skip
    if content.thread and not rules.has_threads:
        yield PostProblem(
            "error", "content.thread", f"{rules.name} has no threads",
            f"Leave the thread out on {rules.name}, or say it in one post",
        )  # fmt: skip
    elif content.thread:
        yield from _check_thread(rules, content)
    if content.visibility not in rules.visible:
        shown = " or ".join(rules.visible)
        yield PostProblem(
            "error", "content.visibility", f"{rules.name} can’t show a post to {content.visibility} only",
            f"Set visibility to {shown} on {rules.name}",
        )  # fmt: skip
    if content.content_warning and not rules.has_warning:
        yield PostProblem(
            "warning", "content.content_warning",
            f"{rules.name} has no content warnings, so readers don’t see it",
            "Say it in the text if it matters",
        )  # fmt: skip


def _check_thread(rules: Rules, content: PostContent) -> Iterator[PostProblem]:
    """What a network may refuse in the middle, so that the thread stays without its end."""
    if rules.network is Channel.TWITTER:  # [X] changelog, 2026-02-23; of own posts it says nothing
        yield PostProblem(
            "warning", "content.thread",
            "X lets most apps answer only those who mention them, so a thread may end after its first part",
            "Try one that doesn’t matter first, or say it in one post",
        )  # fmt: skip
    for earlier, later in repeated_parts(content):
        yield PostProblem(
            "error", f"content.thread[{later - 2}].text",
            f"Part {later} says what part {earlier} says, which {rules.name} may refuse",
            "Write it in other words, or set same_text_again: true",
        )  # fmt: skip


def _check_link(
    post: Post, rules: Rules, content: PostContent, source: PostPart
) -> Iterator[PostProblem]:
    if source.link and not source.link.startswith("https:"):
        yield PostProblem(
            "error", "content.link", "A post can’t link to an email address",
            "Link to an https:// page",
        )  # fmt: skip
    elif source.link and rules.card == "none":
        yield PostProblem(
            "warning", "content.link",
            f"{rules.name} makes no links in posts, so the address isn’t in the text",
            "Put it in the profile, and say so in the text",
        )  # fmt: skip
    if source.card and not source.link:
        yield PostProblem(
            "warning", "content.card", "A card without a link isn’t shown", "Give content.link"
        )
    if rules.card == "ours" and source.link and post.card is None:
        yield from _without_card(rules, content, source)
    if rules.price_with_link_usd and any(span.kind == "link" for span in post.spans):
        yield PostProblem(
            "warning", f"{source.place}.text",
            f"A post with a link costs {rules.price_with_link_usd:.2f} USD on {rules.name}, "
            f"one without {rules.price_usd:.3f} USD",
            "Leave the link out if it needn’t be there",
        )  # fmt: skip


def _without_card(rules: Rules, content: PostContent, source: PostPart) -> Iterator[PostProblem]:
    if content.format == "article":
        yield PostProblem(
            "error", "content.card", "An article is a card with a link, and this one has none",
            "Give content.card a title, and no media",
        )  # fmt: skip
    elif source.media and source.card:
        yield PostProblem(
            "warning", "content.card",
            f"{rules.name} shows pictures or a card, so the link stands in the text",
            "Leave out the media or the card",
        )  # fmt: skip
    elif not source.media:
        yield PostProblem(
            "warning", "content.card",
            f"{rules.name} doesn’t look at the page, so the link has no card without a title",
            "Give content.card a title",
        )  # fmt: skip
