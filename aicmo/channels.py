"""The channels, and how their names are read."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    EMAIL = "email"
    LINKEDIN = "linkedin"
    INSTAGRAM = "instagram"
    TWITTER = "twitter"
    BLUESKY = "bluesky"
    MASTODON = "mastodon"
    CRM = "crm"


SOCIAL = (
    Channel.LINKEDIN,
    Channel.INSTAGRAM,
    Channel.TWITTER,
    Channel.BLUESKY,
    Channel.MASTODON,
)
_OTHER_NAMES = {"x": Channel.TWITTER}


def parse_channel(name: str) -> Channel | None:
    """The channel called `name` in any case, trimmed; `x` is `twitter`; None if there is none."""
    plain = name.strip().lower()
    if plain in _OTHER_NAMES:
        return _OTHER_NAMES[plain]
    return Channel(plain) if plain in set(Channel) else None
