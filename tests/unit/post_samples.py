"""Posts of a small project, composed for one network each, and the vectors that others made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aicmo.channels import Channel
from aicmo.plans.document import ProjectDocument
from aicmo.posts.composer import compose_post
from aicmo.posts.draft import Draft, PostProblem
from aicmo.posts.post import Post, PostPicture
from tests.unit.plan_documents import plain_document, post_item

_VECTORS = Path(__file__).parents[1] / "vectors"


def vectors(name: str) -> list[dict[str, Any]]:
    """The groups of a file in `tests/vectors`, each with its source and date."""
    groups = json.loads((_VECTORS / f"{name}.json").read_text("utf-8"))
    assert all(group["source"] and group["date"] for group in groups)
    return groups


def document_with(
    network: str, content: Mapping[str, Any], *, sending: Mapping[str, Any] | None = None
) -> ProjectDocument:
    item = {**post_item("p1"), "channel": network, "content": {"text": "Hello.", **content}}
    return ProjectDocument.model_validate(plain_document(items=[item], sending=sending or {}))


def draft(
    network: str,
    *,
    part: int = 1,
    media_types: tuple[str, ...] = (),
    facts: Mapping[str, Any] | None = None,
    utm: Mapping[str, str] | None = None,
    **content: Any,
) -> Draft:
    """A post of one network; `media_types` are those of its fitted media, each with a file."""
    if media_types and "media" not in content:
        content["media"] = [
            {"file": f"{n}.jpg", "alt_text": "A loaf"} for n, _ in enumerate(media_types)
        ]
    document = document_with(network, content, sending={"utm": dict(utm)} if utm else None)
    pictures = [picture(each) for each in media_types]
    return compose_post(document, document.items[0], part, pictures=pictures, facts=facts)


def picture(media_type: str = "image/jpeg") -> PostPicture:
    return PostPicture(
        sha256="0" * 64, media_type=media_type, width=1080, height=1080, alt_text="A loaf"
    )


def errors(found: Draft) -> list[tuple[str, str]]:
    """Place and message of what keeps it from going out."""
    return [(each.place, each.message) for each in found.problems if each.severity == "error"]


def warnings(found: Draft) -> list[tuple[str, str]]:
    return [(each.place, each.message) for each in found.problems if each.severity == "warning"]


def problem(found: Draft, words: str) -> PostProblem:
    """The one problem whose message has these words."""
    [one] = [each for each in found.problems if words in each.message]
    return one


def links(post: Post) -> list[tuple[str, str]]:
    return [(span.text, span.target) for span in post.spans if span.kind == "link"]


NETWORKS = (
    Channel.LINKEDIN, Channel.INSTAGRAM, Channel.TWITTER, Channel.BLUESKY, Channel.MASTODON,
)  # fmt: skip
