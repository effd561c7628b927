"""Where a published post can be seen, as people copy it from their browser, and what it refers to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from aicmo.channels import Channel
from aicmo.errors import FixInput

_LONGEST = 500
_HOSTS: Mapping[Channel, tuple[str, ...]] = {
    Channel.LINKEDIN: ("linkedin.com",),
    Channel.INSTAGRAM: ("instagram.com",),
    Channel.TWITTER: ("x.com", "twitter.com"),
    Channel.BLUESKY: ("bsky.app",),
}
"""The networks that have one site; a Mastodon account may be on any server."""
_PATHS: Mapping[Channel, str] = {
    Channel.LINKEDIN: r"/(?:feed/update/(urn:li:(?:share|ugcPost|activity):\d+)|posts/[^/]+)/?",
    Channel.INSTAGRAM: r"/(?:[^/]+/)?(?:p|reel)/()[\w-]+/?",
    Channel.TWITTER: r"/(?:i/web|\w{1,15})/status/(\d{1,20})/?",
    Channel.BLUESKY: r"/profile/[^/]+/post/([a-z2-7]{13})/?",
    Channel.MASTODON: r"/(?:@[^/]+|users/[^/]+/statuses|web/statuses)/([\w-]+)/?",
}
_EXAMPLES: Mapping[Channel, str] = {
    Channel.LINKEDIN: "https://www.linkedin.com/feed/update/urn:li:share:7000000000000000000/",
    Channel.INSTAGRAM: "https://www.instagram.com/p/C0dEf1Gh2iJ/",
    Channel.TWITTER: "https://x.com/acme/status/1800000000000000000",
    Channel.BLUESKY: "https://bsky.app/profile/acme.example/post/3k5cdetplvy2c",
    Channel.MASTODON: "https://mastodon.example/@acme/110000000000000000",
}


@dataclass(frozen=True, slots=True)
class Permalink:
    """An address of a post; `ref` is what its network calls it, '' where the address doesn't tell."""

    url: str
    ref: str


def read_permalink(channel: Channel, url: str) -> Permalink:
    """The post that an address leads to. Nothing is looked up: it is read as text.

    Raises:
        FixInput: it isn't the address of a post on that network.
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    except ValueError:
        raise _refused(channel) from None
    found = re.fullmatch(_PATHS[channel], unquote(parts.path))
    is_there = channel not in _HOSTS or host in _HOSTS[channel]
    is_plain = parts.scheme == "https" and "." in host and not parts.username and url.isprintable()
    if not (found and is_there and is_plain) or len(url) > _LONGEST:
        raise _refused(channel)
    return Permalink(f"https://{parts.netloc}{parts.path}", found[1] or "")


def _refused(channel: Channel) -> FixInput:
    return FixInput(
        f"That isn't the address of a post on {channel}",
        next_step=f"Copy it from the post itself; it looks like {_EXAMPLES[channel]}.",
    )
