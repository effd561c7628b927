"""The networks that are measured, and the loopback peer that stands for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.peers.bluesky_peer import BlueskyPeer
from tests.peers.instagram_peer import InstagramPeer
from tests.peers.linkedin_peer import LinkedInPeer
from tests.peers.mastodon_peer import MastodonPeer
from tests.peers.social_peer import SocialPeer
from tests.peers.x_peer import XPeer

OTHER_SOFTWARE = {
    "version": "4.0.0 (not true; really other/1.0)",
    "source_url": "https://codeberg.org/grunfink/snac2",
}
"""What a server says that speaks Mastodon's interface and isn't Mastodon."""


@dataclass(frozen=True)
class Network:
    """A network, or a kind of account there.

    repeat_class: what may be done after a lost answer; see `aicmo.gateways.contract.RepeatClass`.
    reads: the peer's handler of the question whether a post is there.
    identity: of its accounts, with a place for their number.
    server: what the account's server is called, where a network has many.
    """

    name: str
    title: str
    repeat_class: str
    channel: str
    peer: Callable[..., SocialPeer]
    reads: str
    identity: str = "{}"
    server: str = ""


def _other_mastodon(**options: Any) -> MastodonPeer:
    peer = MastodonPeer(**options)
    peer.keeps_keys = False
    peer.instance |= OTHER_SOFTWARE
    return peer


_PAGE, _MEMBER, _DID = "urn:li:organization:{}", "urn:li:person:{}", "did:plc:ewvi7nxzyoun6zhxrhs{}"
_SERVER = "https://social.test"

NETWORKS: Mapping[str, Network] = {
    each.name: each
    for each in (
        Network("x", "X", "B", "twitter", XPeer, "timeline_page"),
        Network("linkedin_page", "LinkedIn, page", "B", "linkedin", LinkedInPeer, "find", _PAGE),
        Network("linkedin_member", "LinkedIn, member", "C", "linkedin", LinkedInPeer, "find", _MEMBER),
        Network("instagram", "Instagram", "B", "instagram", InstagramPeer, "node"),
        Network("bluesky", "Bluesky", "A", "bluesky", BlueskyPeer, "record", _DID),
        Network("mastodon", "Mastodon", "A, then B", "mastodon", MastodonPeer, "statuses",
                server=_SERVER),
        Network("mastodon_other", "Mastodon, keys ignored", "B", "mastodon", _other_mastodon,
                "statuses", server=_SERVER),
    )
}  # fmt: skip
