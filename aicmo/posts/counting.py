"""How long a text is, as each network counts."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import groupby

import regex

from aicmo.channels import Channel
from aicmo.posts.links import is_certain
from aicmo.posts.post import Span
from aicmo.posts.rules import Rules

_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that count 1 on X, all others 2 (twitter-text, configuration 3)."""
_EMOJI_WEIGHT = 2
_ONE_EMOJI = r"(?:\p{Emoji_Presentation}\ufe0f?(?!\ufe0e)|\p{Extended_Pictographic}\ufe0f)\p{EMod}?"
_EMOJI = regex.compile(
    rf"\p{{RI}}\p{{RI}}|[0-9#*]\ufe0f?\u20e3|{_ONE_EMOJI}(?:[\U000e0020-\U000e007f]+|(?:\u200d{_ONE_EMOJI})*)"
)
_GRAPHEME = regex.compile(r"\X")


def length(spans: Sequence[Span], rules: Rules, content_warning: str = "") -> int:
    """The length of a text in its network's own counting, to compare with `rules.limit`.

    X: weights of twitter-text. LinkedIn: UTF-16 units. Instagram: code points. Bluesky: grapheme
    clusters. Mastodon: grapheme clusters of text and content warning, each link as long as the
    server says, and of a mention on another server only its first half.
    """
    text = "".join(span.text for span in spans)
    match rules.network:
        case Channel.TWITTER:
            return _weighted(spans, rules.url_length)
        case Channel.LINKEDIN:
            return len(text.encode("utf-16-le")) // 2
        case Channel.BLUESKY:
            return graphemes(text)
        case Channel.MASTODON:
            counted = "".join(_counted(span, rules.url_length) for span in spans)
            return graphemes(content_warning + counted)
        case _:
            return len(text)


def graphemes(text: str) -> int:
    """How many characters a reader sees (grapheme clusters, Unicode Annex 29)."""
    return len(_GRAPHEME.findall(text))


def weighted(text: str) -> int:
    """The weight of a text on X, links aside."""
    text = unicodedata.normalize("NFC", text)
    plain, emoji = _EMOJI.subn("", text)
    return emoji * _EMOJI_WEIGHT + sum(1 if _is_light(ord(each)) else 2 for each in plain)


def _is_light(code_point: int) -> bool:
    return any(first <= code_point <= last for first, last in _LIGHT)


def _weighted(spans: Sequence[Span], url_length: int) -> int:
    weight = 0
    for is_link, run in groupby(spans, key=lambda span: span.kind == "link"):
        if is_link:
            weight += sum(_of_link(span, url_length) for span in run)
        else:
            weight += weighted("".join(span.text for span in run))
    return weight


def _of_link(span: Span, url_length: int) -> int:
    # what X doesn't know for an address is counted letter by letter
    return url_length if is_certain(span.target) else max(url_length, weighted(span.text))


def _counted(span: Span, url_length: int) -> str:
    if span.kind == "link":
        return "x" * url_length
    return "@" + span.target.partition("@")[0] if span.kind == "mention" else span.text
