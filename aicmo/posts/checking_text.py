"""What is wrong with the text of a post."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from aicmo.channels import Channel
from aicmo.plans.items import PostContent
from aicmo.plans.leftovers import find_leftover
from aicmo.plans.proofreading import BRACES
from aicmo.posts.draft import PostProblem
from aicmo.posts.links import bare_domains, find_links
from aicmo.posts.parts import PostPart
from aicmo.posts.post import Post
from aicmo.posts.rules import Rules
from aicmo.posts.spans import ids_of, without_id

_ID_OF = {Channel.LINKEDIN: "its URN, urn:li:organization:…", Channel.BLUESKY: "its DID, did:plc:…"}
_VISIBLE = regex.compile(r"(?V1)[\p{L}\p{N}\p{P}\p{S}--\p{Default_Ignorable_Code_Point}--\u2800]")
_BARE_NOT_LINKED = (Channel.LINKEDIN, Channel.MASTODON)


def check_text(
    post: Post, used: int, rules: Rules, content: PostContent, source: PostPart
) -> Iterator[PostProblem]:
    """Its length, what it counts, what is left to be written, and what doesn't become a link."""
    place = f"{source.place}.text"
    yield from _check_length(post, used, rules, place)
    yield from _check_numbers(post, rules, place)
    yield from _check_written(source.text, place)
    yield from _check_addresses(source.text, rules, place)
    yield from _check_mentions(source, rules, content)


def _check_length(post: Post, used: int, rules: Rules, place: str) -> Iterator[PostProblem]:
    if used > rules.limit:
        yield PostProblem(
            "error", place, f"{used:,} of {rules.limit:,} {rules.unit}",
            f"Shorten it by {used - rules.limit:,}",
        )  # fmt: skip
    size = len(post.text.encode())
    if rules.max_bytes and size > rules.max_bytes:
        yield PostProblem(
            "error", place, f"{size:,} of {rules.max_bytes:,} bytes",
            f"Shorten it by {size - rules.max_bytes:,} bytes; emoji and other scripts take several each",
        )  # fmt: skip


def _check_numbers(post: Post, rules: Rules, place: str) -> Iterator[PostProblem]:
    tags = [span for span in post.spans if span.kind == "tag"]
    cashtags = [tag for tag in tags if tag.text.startswith("$")]
    mentions = [span for span in post.spans if span.kind == "mention"]
    for found, limit, name in (
        (tags, rules.max_tags, "hashtags"),
        (mentions, rules.max_mentions, "mentions"),
        (cashtags, rules.max_cashtags, "cashtags"),
    ):
        if limit is not None and len(found) > limit:
            yield PostProblem(
                "error", place, f"{len(found)} of {limit} {name}", f"Take out {len(found) - limit}"
            )


def _check_written(text: str, place: str) -> Iterator[PostProblem]:
    if not _VISIBLE.search(text):
        yield PostProblem("error", place, "There is nothing to read in it", "Write a text")
    if braces := BRACES.search(text):
        yield PostProblem(
            "error",
            place,
            f"{braces[0][:40]} is replaced in email only",
            "Write it out for everyone",
        )
    elif left := find_leftover(text):
        yield PostProblem("warning", place, f"Still says “{left[:40]}”", "Write what belongs there")


def _check_addresses(text: str, rules: Rules, place: str) -> Iterator[PostProblem]:
    bare = [text[each.start : each.end] for each in bare_domains(text)]
    if bare and rules.network is Channel.TWITTER:
        yield PostProblem(
            "warning", place, f"X makes a link of “{bare[0]}”, which counts {rules.url_length}",
            f"Write https://{bare[0]}, or other words if it isn’t meant as a link",
        )  # fmt: skip
    elif bare and rules.network in _BARE_NOT_LINKED:
        yield PostProblem(
            "warning", place, f"“{bare[0]}” is no link on {rules.name}", f"Write https://{bare[0]}"
        )
    links = find_links(text, rules.network)
    if links and rules.card == "none":
        yield PostProblem(
            "warning", place, f"An address in the text is no link on {rules.name}",
            "Put it in the profile, and say so in the text",
        )  # fmt: skip
    if rules.network is Channel.LINKEDIN and any("#" in link.target for link in links):
        yield PostProblem(
            "warning", place, "LinkedIn may end an address before its #",
            "Link to the page without it, or give content.link and content.card",
        )  # fmt: skip


def _check_mentions(source: PostPart, rules: Rules, content: PostContent) -> Iterator[PostProblem]:
    if rules.network not in _ID_OF:
        return
    place = f"{source.place}.text"
    for handle in without_id(source.text, rules.network, content.mentions):
        yield PostProblem(
            "warning", place, f"{handle} stays plain text on {rules.name}",
            f"Give content.mentions {handle} with {_ID_OF[rules.network]}",
        )  # fmt: skip
    texts = [content.text, *(part.text for part in content.thread)]
    for name in ids_of(rules.network, content.mentions):
        if source.place == "content" and not any(name in text for text in texts):
            yield PostProblem(
                "warning", "content.mentions", f"{name} doesn’t stand in the text",
                "Write it there, or take it out",
            )  # fmt: skip
