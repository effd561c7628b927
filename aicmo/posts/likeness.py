"""When two posts of an account have the same text: networks refuse the second, or seem to."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import datetime, timedelta

from aicmo.plans.items import Item, PostContent

KEPT_APART = timedelta(days=7)


def text_sha256(item: Item) -> str:
    """Hex SHA-256 of a post's text, link and thread; '' of anything else.

    Composed letters (NFC), spaces and upper or lower case make no difference.
    """
    content = item.content
    if not isinstance(content, PostContent):
        return ""
    texts = [content.text, content.link or "", *(part.text for part in content.thread)]
    plain = "\0".join(" ".join(unicodedata.normalize("NFC", one).split()) for one in texts)
    return hashlib.sha256(plain.casefold().encode()).hexdigest()


def alike_since(item: Item, send_at: datetime) -> datetime | None:
    """From when on another post with this text keeps this one; None where it may be repeated."""
    content = item.content
    if not isinstance(content, PostContent) or content.same_text_again:
        return None
    return send_at - KEPT_APART
