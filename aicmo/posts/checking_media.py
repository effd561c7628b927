"""What is wrong with the pictures and films of a post: how many, of what kind, and in which words.

Their pixels and bytes are looked at when they are fitted, at import.
"""

from __future__ import annotations

from collections.abc import Iterator

from aicmo.plans.items import Media, PostContent
from aicmo.posts.draft import PostProblem
from aicmo.posts.parts import PostPart
from aicmo.posts.post import Post, PostPicture
from aicmo.posts.rules import Kind, MediaRules, Rules, kind_of

_SINGULAR: dict[str, str] = {"picture": "picture", "gif": "animation", "film": "film"}
_PLURAL: dict[str, str] = {kind: f"{name}s" for kind, name in _SINGULAR.items()}


def check_media(
    post: Post, rules: Rules, content: PostContent, source: PostPart
) -> Iterator[PostProblem]:
    """How many media there are, what goes with what, and their alternative texts."""
    takes = rules.media_of(post.format)
    place = f"{source.place}.media"
    yield from _check_number(len(source.media), takes, rules, content.format, place)
    yield from _check_kinds(post, takes, rules, place)
    given = iter(post.pictures)  # those that are still to be made have none
    for at, medium in enumerate(source.media):
        picture = next(given, None) if medium.source else None
        yield from _check_medium(medium, picture, takes, rules, f"{place}[{at}]")
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
            "error", place, f"A post on {rules.name} has one {_SINGULAR[alone]} and nothing besides",
            "Make two posts of it, or leave one kind out",
        )  # fmt: skip


def _check_medium(
    medium: Media, picture: PostPicture | None, takes: MediaRules, rules: Rules, place: str
) -> Iterator[PostProblem]:
    kind = kind_of(picture.media_type if picture else next(iter(takes.media_types), ""))
    if not medium.source:
        yield PostProblem(
            "error", place, f"The {_SINGULAR[kind]} is still to be made", f"Give {place}.file"
        )
    if picture and picture.media_type not in takes.media_types:
        yield _not_taken(picture.media_type, takes, rules, place)
    yield from _check_alt_text(medium.alt_text or "", kind, takes, rules, f"{place}.alt_text")


def _not_taken(media_type: str, takes: MediaRules, rules: Rules, place: str) -> PostProblem:
    kind = kind_of(media_type)
    has_kind = any(kind_of(each) == kind for each in takes.media_types)
    what = media_type.partition("/")[2].upper() if has_kind else _PLURAL[kind]
    offered = ", ".join(each.partition("/")[2].upper() for each in takes.media_types)
    return PostProblem(
        "error", place, f"{rules.name} takes no {what} there",
        f"{'Set fit_media, or give' if has_kind else 'Give'} it as {offered}",
    )  # fmt: skip


def _check_alt_text(
    alt_text: str, kind: Kind, takes: MediaRules, rules: Rules, place: str
) -> Iterator[PostProblem]:
    if not alt_text:
        yield PostProblem(
            "error" if kind != "film" else "warning", place,
            f"The {_SINGULAR[kind]} has no alternative text",
            "Say in a sentence what it shows, for those who don’t see it",
        )  # fmt: skip
    if len(alt_text) > takes.alt_limit:
        over = len(alt_text) - takes.alt_limit
        yield PostProblem(
            "error", place,
            f"{len(alt_text):,} of {takes.alt_limit:,} characters of alternative text on {rules.name}",
            f"Shorten it by {over:,}",
        )  # fmt: skip
