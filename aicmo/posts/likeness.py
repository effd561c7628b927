"""When two posts of an account have the same text: networks refuse the second, or seem to."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta

from aicmo.plans.items import Item, PostContent

KEPT_APART = timedelta(days=7)


def text_sha256(item: Item) -> str:
    """Hex SHA-256 of a post's text and link; '' of anything else.

    Of a thread it is the first part's: networks see a post of its own in it. Composed letters (NFC),
    spaces and upper or lower case make no difference.
    """
    content = item.content
    if not isinstance(content, PostContent):
        return ""
    plain = f"{_plain(content.text)}\0{_plain(content.link or '')}"
    return hashlib.sha256(plain.encode()).hexdigest()


def repeated_parts(content: PostContent) -> Iterator[tuple[int, int]]:
    """Parts of a thread, from 1, that say what an earlier one says: the earlier first."""
    if content.same_text_again:
        return
    first: dict[str, int] = {}
    for number, text in enumerate([content.text, *(part.text for part in content.thread)], 1):
        earlier = first.setdefault(_plain(text), number)
        if earlier != number:
            yield earlier, number


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def alike_since(item: Item, send_at: datetime) -> datetime | None:
    """From when on another post with this text keeps this one; None where it may be repeated."""
    content = item.content
    if not isinstance(content, PostContent) or content.same_text_again:
        return None
    return send_at - KEPT_APART
