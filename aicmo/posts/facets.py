"""Bluesky's facets: which bytes of a text are a link, a mention or a tag."""

from __future__ import annotations

from typing import Any

from aicmo.posts.post import Post, Span

_KIND = {"link": ("link", "uri"), "mention": ("mention", "did"), "tag": ("tag", "tag")}


def of(post: Post) -> list[dict[str, Any]]:
    """The `facets` of a post's record (lexicon app.bsky.richtext.facet); offsets in UTF-8 bytes."""
    facets: list[dict[str, Any]] = []
    start = 0
    for span in post.spans:
        end = start + len(span.text.encode())
        if span.kind != "plain":
            facets.append(_facet(span, start, end))
        start = end
    return facets


def _facet(span: Span, start: int, end: int) -> dict[str, Any]:
    kind, field = _KIND[span.kind]
    feature = {"$type": f"app.bsky.richtext.facet#{kind}", field: span.target}
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}
