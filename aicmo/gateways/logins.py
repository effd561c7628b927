"""How each network is logged in to, and how its tokens are kept fresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aicmo.channels import Channel
from aicmo.gateways import (
    login_bluesky,
    login_instagram,
    login_linkedin,
    login_mastodon,
    login_x,
)
from aicmo.gateways.login import Login, needs_a_person
from aicmo.gateways.oauth import Consent


@dataclass(frozen=True, slots=True)
class OAuth:
    """Logging in by a person's consent in a browser."""

    consent_page: Callable[[Login, Consent], str]
    log_in: Callable[[Login, Consent, str, datetime], Login]


@dataclass(frozen=True, slots=True)
class Network:
    """What is particular to logging in to one network.

    scopes: what a log-in must be allowed to do; where the network doesn't tell, it has none.
    is_due: whether the token should be refreshed before it is used.
    refresh: gives the log-in with a fresh token, or raises NoToken.
    """

    name: str
    scopes: tuple[str, ...]
    is_due: Callable[[Login, datetime], bool]
    refresh: Callable[[Login, datetime], Login]
    oauth: OAuth | None = None


def _never(login: Login, now: datetime) -> bool:
    return not login.is_usable(now)


def _ended(_login: Login, _now: datetime) -> Login:
    raise needs_a_person("", "there is no token")


NETWORKS: Mapping[Channel, Network] = {
    Channel.LINKEDIN: Network(
        "LinkedIn", ("w_member_social",), login_linkedin.is_due, login_linkedin.refresh,
        OAuth(login_linkedin.consent_page, login_linkedin.log_in),
    ),
    Channel.INSTAGRAM: Network(
        "Instagram", login_instagram.SCOPES, login_instagram.is_due, login_instagram.refresh,
        OAuth(login_instagram.consent_page, login_instagram.log_in),
    ),
    Channel.TWITTER: Network(
        "X", login_x.SCOPES, login_x.is_due, login_x.refresh,
        OAuth(login_x.consent_page, login_x.log_in),
    ),
    Channel.BLUESKY: Network("Bluesky", (), login_bluesky.is_due, login_bluesky.refresh),
    Channel.MASTODON: Network(
        "Mastodon", login_mastodon.SCOPES, _never, _ended,
        OAuth(login_mastodon.consent_page, login_mastodon.log_in),
    ),
}  # fmt: skip


def missing_scopes(channel: Channel, identity: str, scopes: tuple[str, ...]) -> list[str]:
    """What a log-in isn't allowed to do and has to; nothing where the network doesn't tell.

    `write` of Mastodon stands for `write:statuses` and the like.
    """
    if not scopes:
        return []
    wanted = NETWORKS[channel].scopes
    if identity.startswith("urn:li:organization:"):
        wanted = ("r_organization_social", "w_organization_social")
    held = set(scopes)
    return [each for each in wanted if each not in held and each.partition(":")[0] not in held]
