"""A post as a record of Bluesky's `app.bsky.feed.post`, the same on every attempt.

Source: lexicons of github.com/bluesky-social/atproto, 2026-08-20.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from aicmo.posts import facets
from aicmo.posts.post import Post, PostCard, PostPicture

COLLECTION = "app.bsky.feed.post"
_RAW_SHA256 = bytes([1, 0x55, 0x12, 0x20])
"""A content identifier's head: version 1, raw bytes, SHA-256 of 32 bytes."""


def record_of(post: Post, staged: Mapping[str, Any]) -> dict[str, Any]:
    """The record; everything in it that isn't the post's own was noted before the first attempt."""
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": post.text,
        "createdAt": staged["created_at"],
        "langs": [post.language],
    }
    found = facets.of(post)
    if found:
        record["facets"] = found
    if embed := _embed(post, staged.get("blobs", {})):
        record["embed"] = embed
    if reply := staged.get("reply"):
        record["reply"] = reply
    return record


def shown_by(post: Post) -> frozenset[str]:
    """The hashes of the files that the record refers to: its pictures, or else its link's."""
    thumb = (post.card.picture,) if post.card and post.card.picture else ()
    return frozenset(each.sha256 for each in post.pictures or thumb)


def content_id(content: bytes) -> str:
    """How the network names these bytes (atproto.com/specs/data-model, "Blob", 2026-04)."""
    digest = _RAW_SHA256 + hashlib.sha256(content).digest()
    return "b" + base64.b32encode(digest).decode().lower().rstrip("=")


def _embed(post: Post, blobs: Mapping[str, Any]) -> dict[str, Any] | None:
    if post.pictures:
        images = [_image(each, blobs) for each in post.pictures]
        return {"$type": "app.bsky.embed.images", "images": images}
    return _external(post.card, blobs) if post.card else None


def _image(picture: PostPicture, blobs: Mapping[str, Any]) -> dict[str, Any]:
    ratio = {"width": picture.width, "height": picture.height}
    return {"image": blobs[picture.sha256], "alt": picture.alt_text, "aspectRatio": ratio}


def _external(card: PostCard, blobs: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"uri": card.url, "title": card.title, "description": card.description}
    if card.picture:
        shown["thumb"] = blobs[card.picture.sha256]
    return {"$type": "app.bsky.embed.external", "external": shown}
