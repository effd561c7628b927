"""What a post becomes at Instagram before it is published: containers, which nobody sees.

Facts: Meta, "Instagram Platform: Content Publishing" and "IG User Media", 2026-03.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aicmo.errors import FixConfiguration, FixInput
from aicmo.gateways.contract import Attachment, Outgoing
from aicmo.posts.post import Post

PublishMedia = Callable[[Attachment], str]
"""Puts a file where Instagram can fetch it, and gives its https:// address, which works for an hour."""
Fields = Mapping[str, str]
_CAROUSEL = range(2, 11)
_PICTURE, _FILM = "image/jpeg", "video/mp4"


def nowhere(media: Attachment) -> str:
    """Where nothing is to be published.

    Raises:
        FixConfiguration: always.
    """
    del media
    raise FixConfiguration(
        "Instagram fetches media by itself, and no public store for them is set",
        next_step="Set AICMO_PACKAGES_URL to an s3:// address (docs/social.md, Instagram).",
    )


def read_post(draft: Outgoing) -> tuple[Post, tuple[Attachment, ...]]:
    """The post, and the media that Instagram is to fetch, in their order.

    Raises:
        FixInput: Instagram has no such post.
    """
    post = Post.from_bytes(draft.payload)
    media = draft.attachments[: len(post.pictures)]  # the picture of a link's card comes after them
    if draft.thread:
        raise FixInput("Instagram has no threads")
    if not media:
        raise FixInput("Instagram takes no post without a picture or a film")
    if wrong := [each.media_type for each in media if not _is_film(each) and not _is_picture(each)]:
        raise FixInput(f"Instagram takes JPEG pictures and MP4 films, not {wrong[0][:40]}")
    _check_number(post, media)
    return post, media


def child(media: Attachment, publish_media: PublishMedia) -> Fields:
    """The container of one picture or film of a carousel."""
    kind = {"media_type": "VIDEO"} if _is_film(media) else _alt_text(media)
    return {"is_carousel_item": "true", **kind, **_address(media, publish_media)}


def carousel(post: Post, ids: Sequence[str]) -> Fields:
    """The container of a carousel whose children are these."""
    return {"media_type": "CAROUSEL", "children": ",".join(ids), "caption": post.text}


def single(post: Post, media: Attachment, publish_media: PublishMedia) -> Fields:
    """The container of a post with one picture or film. A film in the feed is a reel (since 2023-07)."""
    address = _address(media, publish_media)
    if post.format == "story":  # it takes no caption, and no alt text
        return {"media_type": "STORIES", **address}
    if _is_film(media):
        return {"media_type": "REELS", "caption": post.text, **address}
    return {"caption": post.text, **_alt_text(media), **address}


def _check_number(post: Post, media: Sequence[Attachment]) -> None:
    if post.format == "reel" and not (len(media) == 1 and _is_film(media[0])):
        raise FixInput("A reel is one film")
    if post.format == "story" and len(media) > 1:
        raise FixInput("A story is one picture or film")
    if post.format == "article":
        raise FixInput("Instagram has no articles")
    if (post.format == "carousel" and len(media) not in _CAROUSEL) or len(media) > _CAROUSEL[-1]:
        raise FixInput("A carousel has 2 to 10 pictures or films")


def _address(media: Attachment, publish_media: PublishMedia) -> Fields:
    return {"video_url" if _is_film(media) else "image_url": publish_media(media)}


def _alt_text(media: Attachment) -> Fields:
    return {"alt_text": media.alt_text} if media.alt_text else {}


def _is_film(media: Attachment) -> bool:
    return media.media_type == _FILM


def _is_picture(media: Attachment) -> bool:
    return media.media_type == _PICTURE
