"""Finding a published post among an account's: by its caption and its time, never by its place in the list."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aicmo.gateways.contract import Question
from aicmo.gateways.instagram_graph import Graph, entries
from aicmo.posts.post import Post

_FIELDS = "id,caption,timestamp,permalink"
_PAGE = "100"
_CLOCKS_DIFFER_BY = timedelta(minutes=1)


def find_post(graph: Graph, question: Question) -> tuple[str, str]:
    """Id and address of the one post that can be it; '' where none can, or more than one.

    A story has no caption, and isn't in the list.

    Raises:
        NoToken, Refused, httpx.HTTPError: the list can't be read.
    """
    try:
        post = Post.from_bytes(question.payload)
    except ValueError:
        return "", ""
    if post.format == "story":
        return "", ""
    listed = entries(graph.own("media", fields=_FIELDS, limit=_PAGE))
    since = question.armed_at - _CLOCKS_DIFFER_BY
    found = [each for each in listed if _is_it(each, post, since, question.taken)]
    if len(found) != 1:
        return "", ""
    return graph.number(found[0].get("id")), address_of(found[0])


def address_of(media: Mapping[str, Any]) -> str:
    """Where a post can be seen; ''."""
    found = media.get("permalink")
    return found if isinstance(found, str) and found.startswith("https://") else ""


def _is_it(media: Mapping[str, Any], post: Post, since: datetime, taken: frozenset[str]) -> bool:
    try:
        at = datetime.fromisoformat(str(media.get("timestamp")))
    except ValueError:
        return False
    is_ours = _plain(str(media.get("caption") or "")) == _plain(post.text)
    return is_ours and at >= since and media.get("id") not in taken


def _plain(caption: str) -> str:
    """Letters composed (NFC), spaces counted once: what a network may change of a caption."""
    return " ".join(unicodedata.normalize("NFC", caption).split())
