"""What is wrong with the pictures and films of a post: how many, of what kind, and in which words.

Their pixels and bytes are looked at when they are fitted, at import.
"""

from __future__ import annotations

from collections.abc import Iterator

from aicmo.plans.items import Media, PostContent
from aicmo.posts.draft import PostProblem
from aicmo.posts.parts import PostPart
from aicmo.posts.post import Post
from aicmo.posts.rules import Kind, MediaRules, Rules, kind_of

_PLURAL: dict[str, str] = {"picture": "pictures", "gif": "animations", "film": "films"}


def check_media(
    post: Post, rules: Rules, content: PostContent, source: PostPart
) -> Iterator[PostProblem]:
    """How many media there are, what goes with what, and their alternative texts."""
    takes = rules.media_of(post.format)
    place = f"{source.place}.media"
    yield from _check_number(len(source.media), takes, rules, content.format, place)
    yield from _check_kinds(post, takes, rules, place)
    for at, medium in enumerate(source.media):
        kind = kind_of(post.pictures[at].media_type) if at < len(post.pictures) else "picture"
        yield from _check_medium(medium, kind, takes, rules, f"{place}[{at}]")
    if content.format == "story" and "story" in rules.formats:
        yield PostProblem(
            "warning", f"{source.place}.text", "A story shows no text of its own",
            "Write on the picture what readers should see",
        )  # fmt: skip


def _check_number(
    count: int, takes: MediaRules, rules: Rules, post_format: str, place: str
) -> Iterator[PostProblem]:
    least = takes.min_pictures
    named = f"{'an' if post_format == 'article' else 'a'} {post_format}"
    if count > takes.max_pictures:
        most = takes.max_pictures
        yield PostProblem(
            "error", place, f"{count} of {most} pictures or films that {named} takes on {rules.name}",
            f"Take out {count - most}",
        )  # fmt: skip
    elif count < least:
        yield PostProblem(
            "error", place, f"{count} of at least {least} pictures or films that {named} has on {rules.name}",
            f"Give {place} {least - count} more",
        )  # fmt: skip


def _check_kinds(post: Post, takes: MediaRules, rules: Rules, place: str) -> Iterator[PostProblem]:
    kinds: list[Kind] = [kind_of(each.media_type) for each in post.pictures]
    alone = next((kind for kind in kinds if kind in takes.alone), None)
    if alone and len(kinds) > 1:
        yield PostProblem(
            "error", place, f"{rules.name} takes {_PLURAL[alone]} one to a post, with nothing else",
            "Make two posts of it, or leave one kind out",
        )  # fmt: skip
    for at, (kind, picture) in enumerate(zip(kinds, post.pictures, strict=True)):
        if picture.media_type not in takes.media_types:
            other = any(kind_of(each) == kind for each in takes.media_types)
            what = picture.media_type if other else _PLURAL[kind]
            offered = ", ".join(each.partition("/")[2].upper() for each in takes.media_types)
            yield PostProblem(
                "error", f"{place}[{at}]", f"A {post.format} on {rules.name} takes no {what}",
                f"Give it as {offered}, or take it out",
            )  # fmt: skip


def _check_medium(
    medium: Media, kind: Kind, takes: MediaRules, rules: Rules, place: str
) -> Iterator[PostProblem]:
    if not medium.source:
        yield PostProblem(
            "error", place, "The picture is still to be made", f"Give {place}.file or {place}.url"
        )
    alt_text = medium.alt_text or ""
    if not alt_text:
        yield PostProblem(
            "error" if kind != "film" else "warning", f"{place}.alt_text",
            f"The {kind} has no alternative text",
            "Say in a sentence what it shows, for those who don’t see it",
        )  # fmt: skip
    if len(alt_text) > takes.alt_limit:
        over = len(alt_text) - takes.alt_limit
        yield PostProblem(
            "error", f"{place}.alt_text",
            f"{len(alt_text):,} of {takes.alt_limit:,} characters of alternative text on {rules.name}",
            f"Shorten it by {over:,}",
        )  # fmt: skip
