"""A post's text as its network shows it: links cut short, the fold, and words that another text hasn't."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from aicmo.channels import Channel
from aicmo.posts.post import Span

PieceKind = Literal["plain", "link", "tag", "mention", "fold"]

_FOLDS = {Channel.LINKEDIN: 210, Channel.INSTAGRAM: 125}
"""After about so many characters a feed shows “more”; neither network documents the number."""

_X_PATH = 15
"""Characters of a link's path that X shows (`entities.urls[].display_url`)."""
_MASTODON_LINK = 30
"""Characters of a link that Mastodon shows (its `LinkDetailsExtractor`'s text formatter)."""

_WORD = re.compile(r"\s+|\S+")
_ALIKE = 0.4
"""Texts that share less of their words are different texts: marking nearly all of one says nothing."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text as it is shown; `own`: the post that it is compared with hasn't got it.

    A `fold` is where the feed stops until the reader asks for more.
    """

    kind: PieceKind
    text: str
    own: bool = False


def pieces(network: Channel, spans: Sequence[Span]) -> tuple[Piece, ...]:
    """The text of a post as readers of `network` see it in their feed."""
    shown = [Piece(*_as_shown(network, span)) for span in spans]
    return tuple(_folded(shown, _FOLDS.get(network, 0)))


def marked(shown: Sequence[Piece], own_text: str, other_text: str) -> tuple[Piece, ...]:
    """The pieces of `own_text`, with the words that `other_text` hasn't got marked as own."""
    own, other = set(own_text.split()), set(other_text.split())
    fresh = own - other
    if len(own & other) < _ALIKE * len(own):
        return tuple(shown)
    return tuple(part for piece in shown for part in _split(piece, fresh))


def _as_shown(network: Channel, span: Span) -> tuple[PieceKind, str]:
    if network is Channel.LINKEDIN and span.kind == "mention":
        return "mention", span.text.removeprefix("@")  # it shows the name alone
    if span.kind != "link":
        return span.kind, span.text
    if network is Channel.INSTAGRAM:
        return "plain", span.text  # no link of a caption can be followed
    if network is Channel.TWITTER:
        return "link", _shortened_by_x(span.text)
    if network is Channel.MASTODON:
        return "link", _cut(re.sub(r"^https?://(www\.)?", "", span.text), _MASTODON_LINK)
    return "link", span.text


def _shortened_by_x(url: str) -> str:
    host, slash, path = re.sub(r"^https?://(www\.)?", "", url).partition("/")
    return host + (_cut(slash + path, _X_PATH) if path else "")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + "…"


def _folded(shown: Sequence[Piece], fold: int) -> list[Piece]:
    if not fold or sum(len(piece.text) for piece in shown) <= fold:
        return list(shown)
    found: list[Piece] = []
    for piece in shown:
        left, fold = fold, fold - len(piece.text)
        if left >= 0 > fold:
            at = _end_of_word(piece, left)
            found += [replace(piece, text=piece.text[:at]), Piece("fold", "")]
            found += [replace(piece, text=piece.text[at:])] if piece.text[at:] else []
        else:
            found.append(piece)
    return [piece for piece in found if piece.text or piece.kind == "fold"]


def _end_of_word(piece: Piece, at: int) -> int:
    """Where the last word before `at` ends; a link, tag or mention isn't broken."""
    if piece.kind != "plain":
        return 0
    return max(piece.text.rfind(" ", 0, at), piece.text.rfind("\n", 0, at)) + 1


def _split(piece: Piece, fresh: set[str]) -> list[Piece]:
    if piece.kind != "plain":
        return [replace(piece, own=any(word in fresh for word in _WORD.findall(piece.text)))]
    return [
        Piece("plain", "".join(words), own)
        for own, words in groupby(_WORD.findall(piece.text), key=fresh.__contains__)
    ]
