"""A post's text in pieces: plain text, links, tags and mentions, as its network tells them apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import regex

from aicmo.channels import Channel
from aicmo.posts.links import LATIN, find_links
from aicmo.posts.post import Span

_WORD = r"\p{L}\p{M}\p{Nd}_"
_X_WORD = (
    _WORD + "\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003"
    "\u0f0b\u0f0c\u00b7"
)
_UNSEEN = "\u00ad\u2060\u200a-\u200d\u20e2"
_X_CASHTAG = r"(?<!\S)\$(?P<cash>[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?)(?=\s|$|[!-/:-@\[-^_{-~])"
_BLUESKY_CASHTAG = r"(?<![^\s(])\$(?P<cash>[A-Za-z][A-Za-z0-9]{0,4})(?=\s|$|[.,;:!?)\"'’])"

_TAGS = {
    # twitter-text 3.1: a letter must be among them
    Channel.TWITTER: rf"(?<!&|(?![\ufe0e\ufe0f])[{_X_WORD}])[#＃](?![\ufe0f\u20e3])"
    rf"(?P<tag>(?>[{_X_WORD}]*[\p{{L}}\p{{M}}][{_X_WORD}]*))(?![#＃]|://)|{_X_CASHTAG}",
    Channel.LINKEDIN: rf"(?<![{_WORD}&/#])#(?P<tag>[{_WORD}]*[\p{{L}}\p{{M}}][{_WORD}]*)",
    # emoji and digits are tags, too
    Channel.INSTAGRAM: rf"(?<![{_WORD}&#])[#＃](?P<tag>(?:[{_WORD}]|\p{{Emoji_Presentation}})+)",
    # @atproto/api 0.19: after a space; not digits alone
    Channel.BLUESKY: rf"(?<!\S)[#＃](?!\ufe0f)(?P<tag>(?=[^\s{_UNSEEN}]*[^\d\s\p{{P}}{_UNSEEN}])"
    rf"[^\s{_UNSEEN}]*[^\s\p{{P}}{_UNSEEN}])|{_BLUESKY_CASHTAG}",
    # Mastodon 4.4, Tag::HASHTAG_RE
    Channel.MASTODON: rf"(?<![=/){_WORD}])#(?P<tag>[{_WORD}\u00b7\u30fb\u200c]*"
    rf"[\p{{L}}\p{{M}}_\u00b7\u30fb\u200c][{_WORD}\u00b7\u30fb\u200c]*)",
}
_HANDLES = {
    Channel.TWITTER: r"(?<![A-Za-z0-9_!#$%&*@＠])[@＠](?P<handle>(?>[A-Za-z0-9_]{1,20}))"
    rf"(?![@＠{LATIN}]|://)",
    Channel.LINKEDIN: rf"(?<![{_WORD}@.])@(?P<handle>[{_WORD}]+(?:[.-][{_WORD}]+)*)",
    Channel.INSTAGRAM: rf"(?<![{_WORD}@.])@(?P<handle>[A-Za-z0-9_](?:[A-Za-z0-9_.]{{0,28}}[A-Za-z0-9_])?)",
    Channel.BLUESKY: r"(?<![^\s(])@(?P<handle>(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.){1,30}[A-Za-z]{2,})",
    Channel.MASTODON: rf"(?<![=/{_WORD}@])@(?P<handle>[A-Za-z0-9_]+(?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
    rf"(?:@[{_WORD}]+(?:[.-]+[{_WORD}]+)*)?)",
}
_WITH_IDS = {Channel.LINKEDIN: "urn:li:", Channel.BLUESKY: "did:"}
"""Networks whose mentions need an id, and how it begins."""
_MARKS = {network: regex.compile(f"{tags}|{_HANDLES[network]}") for network, tags in _TAGS.items()}
_LONGEST_TAG = 64  # on Bluesky, lexicon app.bsky.richtext.facet


def spans_of(text: str, network: Channel, mentions: Mapping[str, str]) -> tuple[Span, ...]:
    """The text in pieces; joined, they are the text.

    Args:
        text: as written.
        network: a social one.
        mentions: by what stands in the text, the id that its network knows it by; LinkedIn and
            Bluesky make plain text of what isn't in it.
    """
    spans: list[Span] = []
    end = 0
    for start, span in sorted(_marks(text, network, ids_of(network, mentions)), key=_start):
        if start < end:
            continue
        if start > end:
            spans.append(Span(text=text[end:start]))
        spans.append(span)
        end = start + len(span.text)
    if end < len(text):
        spans.append(Span(text=text[end:]))
    return tuple(spans)


def ids_of(network: Channel, mentions: Mapping[str, str]) -> dict[str, str]:
    """Those of the mentions that have an id of this network; the others are for another one."""
    start = _WITH_IDS.get(network)
    return {name: target for name, target in mentions.items() if start and target.startswith(start)}


def without_id(text: str, network: Channel, mentions: Mapping[str, str]) -> list[str]:
    """Handles in the text that stay plain text, as the network needs an id for them."""
    if network not in _WITH_IDS:
        return []
    plain = (span.text for span in spans_of(text, network, mentions) if span.kind == "plain")
    handles = [
        match[0] for each in plain for match in _MARKS[network].finditer(each) if match["handle"]
    ]
    return list(dict.fromkeys(handles))


def _start(mark: tuple[int, Span]) -> int:
    return mark[0]


def _marks(text: str, network: Channel, ids: Mapping[str, str]) -> Iterator[tuple[int, Span]]:
    links = find_links(text, network)
    for link in links if network is not Channel.INSTAGRAM else ():  # where nothing is a link
        shown = text[link.start : link.end]
        yield link.start, Span(kind="link", text=shown, target=link.target)
    named = _named(text, ids)
    taken = [(link.start, link.end) for link in links]
    for start, span in [*named, *_tags_and_handles(text, network)]:
        if not any(first < start + len(span.text) and start < last for first, last in taken):
            yield start, span


def _named(text: str, ids: Mapping[str, str]) -> Iterator[tuple[int, Span]]:
    if not ids:
        return
    names = "|".join(regex.escape(name) for name in sorted(ids, key=len, reverse=True))
    for match in regex.finditer(rf"(?<![{_WORD}])(?:{names})(?![{_WORD}])", text):
        yield match.start(), Span(kind="mention", text=match[0], target=ids[match[0]])


def _tags_and_handles(text: str, network: Channel) -> Iterator[tuple[int, Span]]:
    for match in _MARKS[network].finditer(text):
        found = match.groupdict()
        if found.get("cash"):
            yield match.start(), Span(kind="tag", text=match[0], target=f"${found['cash'].upper()}")
        elif found["tag"] and (network is not Channel.BLUESKY or len(found["tag"]) <= _LONGEST_TAG):
            yield match.start(), Span(kind="tag", text=match[0], target=found["tag"])
        elif found["handle"] and network not in _WITH_IDS:
            yield match.start(), Span(kind="mention", text=match[0], target=found["handle"])
