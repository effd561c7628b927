"""Addresses in the text of a post: what a network makes a link of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import regex

from aicmo.channels import Channel

TLDS = frozenset((Path(__file__).parent / "tlds.txt").read_text("utf-8").split())
"""The top-level domains of the internet (IANA's root zone, 2025)."""

_WITHOUT_SCHEME = (Channel.TWITTER, Channel.BLUESKY)
"""Networks that make a link of a bare `example.com`."""
LATIN = (
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268"
    "\u026f\u0272\u0289\u028b\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_GENERAL = rf"[a-z0-9\u0400-\u04ff{LATIN}!*';:=+,.$/%#\[\]\-\u2013_~@|&]"
_IN_BRACKETS = rf"\((?:{_GENERAL}+|{_GENERAL}*\({_GENERAL}+\){_GENERAL}*)\)"
_PATH = rf"(?:(?:{_GENERAL}|{_IN_BRACKETS})*(?:[a-z0-9\u0400-\u04ff{LATIN}+\-=_#/]|{_IN_BRACKETS}))"
_QUERY = r"[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/]"
_AFTER_HOST = rf"(?::[0-9]+)?(?:/{_PATH}?)?(?:\?{_QUERY})?"
_LABEL = r"[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}])?"
_KNOWN_TLD = r"\L<tlds>(?![0-9a-z@+-])"
_ANY_LABEL = r"[\p{L}\p{M}\p{N}\p{So}](?:[\p{L}\p{M}\p{N}\p{So}_-]*[\p{L}\p{M}\p{N}\p{So}])?"
_ANY_REST = r"(?::[0-9]+)?(?:[/?#][^\s<>\"“”„«»「」『』（）\p{Cc}]{0,4096})?"
_KNOWN_HOST = rf"(?:{_LABEL}\.){{1,30}}{_KNOWN_TLD}"
_ANY_HOST = rf"(?:{_ANY_LABEL}\.){{0,30}}{_ANY_LABEL}"

_AS_X_DOES = regex.compile(
    rf"(?<![a-z0-9@＠$#＃])https?://(?:{_KNOWN_HOST}{_AFTER_HOST}|(?P<any>{_ANY_HOST}{_ANY_REST}))",
    regex.IGNORECASE,
    tlds=TLDS,
)
_WITH_SCHEME = regex.compile(
    rf"(?<![a-z0-9@#])https?://(?P<any>(?:{_KNOWN_HOST}|{_ANY_HOST}){_ANY_REST})",
    regex.IGNORECASE,
    tlds=TLDS,
)
_BARE = regex.compile(
    rf"(?<![a-z0-9{LATIN}@＠$#＃_./\-])"
    rf"(?:[a-z0-9{LATIN}](?:[a-z0-9{LATIN}-]*[a-z0-9{LATIN}])?\.){{1,30}}{_KNOWN_TLD}{_AFTER_HOST}",
    regex.IGNORECASE,
    tlds=TLDS,
)
_HOST = regex.compile(r"https?://([^/?#:]+)", regex.IGNORECASE)
_BRACKETS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class FoundLink:
    """Where an address stands in a text; `target` has its scheme."""

    start: int
    end: int
    target: str
    is_bare: bool = False


def find_links(text: str, network: Channel) -> list[FoundLink]:
    """What the network makes links of, in the order of the text.

    X reads addresses as its library twitter-text 3.1 does; but an address with a scheme whose
    top-level domain isn't known is taken for a link, too: there are new ones.
    """
    found = list(_with_scheme(text, network))
    if network in _WITHOUT_SCHEME:
        found += _bare(text, found)
    return sorted(found, key=lambda link: link.start)


def bare_domains(text: str) -> list[FoundLink]:
    """What reads like an address but has no scheme."""
    return list(_bare(text, list(_with_scheme(text, Channel.MASTODON))))


def is_certain(url: str) -> bool:
    """Whether X makes a link of this address as far as is known: its host can be on the internet."""
    found = _AS_X_DOES.match(url)
    host = _HOST.match(url)
    if not found or not host or found["any"]:
        return False
    try:
        host[1].encode("idna")
    except UnicodeError:
        return False  # a label of more than 63 letters
    return True


def _with_scheme(text: str, network: Channel) -> Iterator[FoundLink]:
    pattern = _AS_X_DOES if network is Channel.TWITTER else _WITH_SCHEME
    for match in pattern.finditer(text):
        url = _trimmed(match[0]) if match["any"] else match[0]
        if _HOST.match(url):
            yield FoundLink(match.start(), match.start() + len(url), url)


def _bare(text: str, taken: list[FoundLink]) -> Iterator[FoundLink]:
    for match in _BARE.finditer(text):
        if not any(link.start <= match.start() < link.end for link in taken):
            yield FoundLink(match.start(), match.end(), f"https://{match[0]}", is_bare=True)


def _trimmed(url: str) -> str:
    """Without the punctuation that ends a sentence, and without a bracket that it didn't open."""
    while url:
        opened = _BRACKETS.get(url[-1])
        is_theirs = opened is not None and url.count(opened) < url.count(url[-1])
        if not is_theirs and url[-1] not in ".,:;!?'’…*":
            break
        url = url[:-1]
    return url
