"""A scripted social network on loopback: what the peers of the networks share.

The request that acts is the one that publishes; see `routed_peer`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.peers.routed_peer import RoutedPeer

_MARK = re.compile(r"part:\d+")


@dataclass
class Published:
    """A post that the network has.

    content: what it was published with, as the network keeps it.
    parent: the post that it answers. is_foreign: a person posted it, or another program.
    """

    ref: str
    text: str
    at: float
    content: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parent: str = ""
    is_foreign: bool = False
    is_deleted: bool = False

    @property
    def mark(self) -> str:
        """The recipient of the delivery, which the contract's texts contain."""
        found = _MARK.search(self.text)
        return found.group() if found else ""


class SocialPeer(RoutedPeer):
    """One account of a network; `visible_after` is how long its timeline lags behind."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.posts: list[Published] = []

    @property
    def effects(self) -> Counter[str]:
        return Counter(post.mark for post in self.posts if not post.is_foreign)

    def new_ref(self, number: int) -> str:
        """The reference of the post of that number."""
        return f"M{number}"

    def publish(
        self,
        text: str,
        content: Mapping[str, Any] | None = None,
        *,
        ref: str = "",
        parent: str = "",
    ) -> Published:
        """The effect."""
        ref = ref or self.new_ref(len(self.posts) + 1)
        post = Published(ref, text, self.clock(), content or {}, parent)
        self.posts.append(post)
        return post

    def post_elsewhere(
        self, text: str, at: datetime | None = None, content: Mapping[str, Any] | None = None
    ) -> Published:
        """A person, or another program, posts on the same account."""
        post = self.publish(text, content)
        post.is_foreign = True
        post.at = at.timestamp() if at else post.at
        return post

    def timeline(self) -> list[Published]:
        """What can be seen by now, the newest first."""
        until = self.clock() - self.visible_after.total_seconds()
        seen = [each for each in self.posts if not each.is_deleted and each.at <= until]
        return sorted(seen, key=lambda each: each.at, reverse=True)

    def get(self, ref: str) -> Published | None:
        """A post that isn't deleted, lag or not."""
        return next((each for each in self.posts if each.ref == ref and not each.is_deleted), None)
