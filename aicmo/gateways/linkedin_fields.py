"""A post in the words of LinkedIn's Posts API, and back.

Facts: Microsoft Learn, "Posts API", version 202609.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aicmo.errors import FixInput
from aicmo.gateways.contract import Attachment, Outgoing
from aicmo.gateways.json_shapes import an_object, objects
from aicmo.gateways.linkedin_answers import permalink
from aicmo.gateways.linkedin_media import image_urn
from aicmo.gateways.post_matching import Candidate
from aicmo.posts import little_text
from aicmo.posts.post import Post

_MARKUP = r"\|{}@[]()<>#*_~"
"""Unescaped, LinkedIn cuts a text off before one of these."""
PAGE, PERSON = "urn:li:organization:", "urn:li:person:"


def pictures_of(post: Post, draft: Outgoing) -> list[Attachment]:
    """What has to be put up: its pictures, or the one of its link's card."""
    wanted = [each.sha256 for each in post.pictures]
    if not wanted and post.card and post.card.picture:
        wanted = [post.card.picture.sha256]
    by_hash = {attachment.sha256: attachment for attachment in draft.attachments}
    return [by_hash[sha256] for sha256 in wanted]


def fields_of(post: Post, author: str, staged: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `POST /rest/posts`.

    Raises:
        FixInput: LinkedIn can't show it to those alone, or a picture isn't put up.
    """
    fields: dict[str, Any] = {
        "author": author,
        "commentary": little_text.escape(post.spans),
        "visibility": _visibility(post, author),
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
    content = _content(post, staged)
    return fields | {"content": content} if content else fields


def _visibility(post: Post, author: str) -> str:
    if post.visibility == "public":
        return "PUBLIC"
    if post.visibility == "followers" and author.startswith(PERSON):
        return "CONNECTIONS"
    raise FixInput(
        f"LinkedIn can't show a post of this account to {post.visibility} alone",
        next_step="Set `visibility` to `public`.",
    )


def _content(post: Post, staged: Mapping[str, Any]) -> dict[str, Any]:
    images = [
        {"id": image_urn(each.sha256, staged), "altText": each.alt_text} for each in post.pictures
    ]
    if len(images) > 1:
        return {"multiImage": {"images": images}}
    if images:
        return {"media": images[0]}
    if post.card is None:
        return {}
    card = post.card
    article = {"source": card.url, "title": card.title, "description": card.description}
    if card.picture:
        article["thumbnail"] = image_urn(card.picture.sha256, staged)
    return {"article": {name: value for name, value in article.items() if value}}


def candidate_of(shown: Mapping[str, Any], post: Post) -> Candidate:
    """A post that LinkedIn shows, beside the one in doubt."""
    urn, content = str(shown["id"]), an_object(shown.get("content"))
    several = objects(an_object(content.get("multiImage")).get("images"))
    return Candidate(
        ref=urn,
        text=little_text.unescape(str(shown.get("commentary", ""))),
        permalink=permalink(urn),
        cut_before=_MARKUP,
        is_complete=len(several) + ("media" in content) == len(post.pictures),
        was_edited=an_object(shown.get("lifecycleStateInfo")).get("isEditedByAuthor") is True,
    )


def moment_of(milliseconds: int) -> datetime:
    """LinkedIn tells times in milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
