"""Whether an account on a Mastodon server has a post, as its own timeline tells.

A post's `content` is HTML with its links rewritten; its owner can read the text as it was sent (`source`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from aicmo.gateways.contract import Found, Question, Reading
from aicmo.gateways.http_answers import Answer
from aicmo.gateways.json_shapes import objects
from aicmo.gateways.mastodon_answers import OK, web_address
from aicmo.gateways.post_matching import Candidate, read_candidates
from aicmo.posts.post import Post

Get = Callable[[str], Answer]
_CLOCKS_APART = timedelta(minutes=10)
_PAGE, _MOST_PAGES, _MOST_READ = 40, 5, 40
_TOO_MANY = "there are too many posts since then"


class Unclear(Exception):
    """The timeline can't be read as far as needed; the text says why."""


def look_for(question: Question, identity: str, get: Get, *, shows_all: bool) -> Reading:
    """What the account's timeline says of a post in doubt.

    Args:
        question: the doubt.
        identity: the account.
        get: asks for a path.
        shows_all: the timeline has the posts for followers, too; not all software's has.

    Raises:
        Unclear, httpx.HTTPError, KeyError, TypeError, ValueError: it can't be read.
    """
    post = Post.from_bytes(question.payload)
    found, gap = _since(question.armed_at - _CLOCKS_APART, identity, get)
    free = [each for each in found if each["id"] not in question.taken]
    if len(free) > _MOST_READ:
        raise Unclear(_TOO_MANY)
    reply_to = question.staged.get("reply_to")
    candidates = [_candidate(each, post, reply_to, get) for each in free]
    reading = read_candidates(_whole(post.content_warning, post.text), candidates, question.taken)
    if post.visibility == "followers" and not shows_all:
        gap = gap or "this server doesn't list what is for followers only"
    if reading.found is Found.ABSENT and gap:
        raise Unclear(gap)
    return reading


def _since(since: datetime, identity: str, get: Get) -> tuple[list[dict[str, Any]], str]:
    """The account's own posts since then, the newest first; and why there may be more of them, or ''."""
    path = f"/api/v1/accounts/{quote(identity, safe='')}/statuses"
    query = {"exclude_reblogs": "true", "limit": str(_PAGE)}
    found: dict[str, dict[str, Any]] = {}
    for _ in range(_MOST_PAGES):
        page = _list(get(f"{path}?{urlencode(query)}"))
        new = [each for each in page if datetime.fromisoformat(each["created_at"]) >= since]
        if page and page[-1]["id"] in found:  # software that gives the same page again
            return [*found.values()], "the server doesn't list older posts"
        found |= {each["id"]: each for each in new}
        if len(new) < len(page) or not page:
            return [*found.values()], ""
        query["max_id"] = page[-1]["id"]
    return [*found.values()], _TOO_MANY


def _candidate(shown: Mapping[str, Any], post: Post, reply_to: str | None, get: Get) -> Candidate:
    answer = get(f"/api/v1/statuses/{quote(shown['id'], safe='')}/source")
    source = answer.content()
    if answer.status != OK or not source:
        raise Unclear(f"a post's text can't be read ({answer.status})")
    is_answer = shown["in_reply_to_id"] == reply_to
    has_media = len(objects(shown["media_attachments"])) == len(post.pictures)
    return Candidate(
        shown["id"], _whole(str(source["spoiler_text"]), str(source["text"])),
        permalink=web_address(shown.get("url")), is_complete=is_answer and has_media,
        was_edited=bool(shown.get("edited_at")),
    )  # fmt: skip


def _list(answer: Answer) -> list[dict[str, Any]]:
    if answer.status != OK or not answer.is_whole:
        raise Unclear(f"the server answered {answer.status}")
    return objects(json.loads(answer.body))


def _whole(warning: str, text: str) -> str:
    return f"{warning}\n{text}" if warning else text
