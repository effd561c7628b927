"""How each network and each CRM is logged in to, and how its tokens are kept fresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aicmo.channels import Channel
from aicmo.gateways import (
    login_bluesky,
    login_hubspot,
    login_instagram,
    login_linkedin,
    login_mastodon,
    login_salesforce,
    login_x,
)
from aicmo.gateways.login import Login, needs_a_person
from aicmo.gateways.oauth import Consent


@dataclass(frozen=True, slots=True)
class OAuth:
    """Logging in by a person's consent in a browser."""

    consent_page: Callable[[Login, Consent], str]
    log_in: Callable[[Login, Consent, str, datetime], Login]


def _by_refresh_token(login: Login) -> bool:
    return bool(login.refresh_token)


def _by_its_app(login: Login) -> bool:
    return bool(login.client_secret)


@dataclass(frozen=True, slots=True)
class Network:
    """What is particular to logging in to one network or CRM.

    scopes: what a log-in must be allowed to do; where the network doesn't tell, it has none.
    is_due: whether the token should be refreshed before it is used.
    refresh: gives the log-in with a fresh token, or raises NoToken.
    reading: of a CRM, what a log-in that only reads must be allowed to do.
    renews: whether a token that was taken back can be replaced by asking.
    """

    name: str
    scopes: tuple[str, ...]
    is_due: Callable[[Login, datetime], bool]
    refresh: Callable[[Login, datetime], Login]
    oauth: OAuth | None = None
    reading: tuple[str, ...] = ()
    renews: Callable[[Login], bool] = _by_refresh_token


def _never(login: Login, now: datetime) -> bool:
    return not login.is_usable(now)


def _ended(_login: Login, _now: datetime) -> Login:
    raise needs_a_person("", "there is no token, or it has expired")


NETWORKS: Mapping[str, Network] = {
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
    "hubspot": Network(
        "HubSpot", login_hubspot.SCOPES, login_hubspot.is_due, login_hubspot.refresh,
        OAuth(login_hubspot.consent_page, login_hubspot.log_in), login_hubspot.READING,
    ),
    "salesforce": Network(
        "Salesforce", (), login_salesforce.is_due, login_salesforce.refresh, renews=_by_its_app
    ),
    "bottlecrm": Network("BottleCRM", (), _never, _ended),
}  # fmt: skip
"""By the channel of a network, or the provider of a CRM."""


def network_of(channel: str, provider: str) -> Network:
    """How an account is logged in to; `provider` says which CRM, and is '' elsewhere."""
    return NETWORKS[provider or channel]


def missing_scopes(
    network: str, identity: str, scopes: tuple[str, ...], *, is_read_only: bool = False
) -> list[str]:
    """What a log-in isn't allowed to do and has to; nothing where the network doesn't tell.

    `write` of Mastodon stands for `write:statuses` and the like.
    """
    if not scopes:
        return []
    wanted = NETWORKS[network].reading if is_read_only else NETWORKS[network].scopes
    if identity.startswith("urn:li:organization:"):
        wanted = ("r_organization_social", "w_organization_social")
    held = set(scopes)
    return [each for each in wanted if each not in held and each.partition(":")[0] not in held]
