"""The parts of a post's thread: the post itself, and those that answer it."""

from __future__ import annotations

from dataclasses import dataclass

from aicmo.plans.items import LinkCard, Media, PostContent


@dataclass(frozen=True, slots=True)
class PostPart:
    """What one part says and shows.

    place: where it stands in the item, `content` or `content.thread[0]`.
    """

    place: str
    text: str
    media: tuple[Media, ...]
    link: str = ""
    card: LinkCard | None = None


def part_of(content: PostContent, number: int) -> PostPart:
    """The part of this number, from 1; the link and its card go with the first."""
    if number == 1:
        link = content.link or ""
        return PostPart("content", content.text, content.media, link, content.card)
    found = content.thread[number - 2]
    return PostPart(f"content.thread[{number - 2}]", found.text, found.media)
