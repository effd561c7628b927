"""Which HubSpot portal is logged in, and what an operator wants to know of it.

Source: HubSpot's OpenAPI document of account information, version 3, 2026-08; "Legacy private apps", 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aicmo.gateways.account_gateway import Profile, TokenSource
from aicmo.gateways.hubspot_answers import content_of, unreadable
from aicmo.gateways.hubspot_api import HubspotApi
from aicmo.gateways.json_shapes import texts
from aicmo.gateways.login_facts import ends_at, scopes_of

_DETAILS = "/account-info/v3/details"
_PRIVATE_APP, _PRIVATE_SCOPES = "pat-", "/oauth/v2/private-apps/get/access-token-info"
_DAILY, _LEFT = "x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-daily-remaining"
_APP = re.compile(r"app(-[a-z0-9]{1,10})?\.hubspot\.com")
_OWN_APP = "app.hubspot.com"
_NOT_LIVE = {
    "SANDBOX": "a sandbox",
    "DEVELOPER_TEST": "a test account",
    "APP_DEVELOPER": "a developer account",
}


def profile_of(api: HubspotApi, tokens: TokenSource) -> Profile:
    """Raises as `AccountGateway.profile` does."""
    answer = api.answer("GET", _DETAILS)
    details = content_of(answer, api.now())
    try:
        portal = str(int(details["portalId"]))
    except (KeyError, TypeError, ValueError):
        raise unreadable() from None
    page, kind = web_host(details.get("uiDomain")), str(details.get("accountType") or "")
    used, total = _quota(answer.headers)
    return Profile(
        portal,
        name=f"HubSpot portal {portal}",
        facts={
            "permalink": f"https://{page}/contacts/{portal}",
            "ui_domain": page,
            "time_zone": zone_of(details.get("timeZone")),
        },
        scopes=scopes_of(tokens) or _private_scopes(api, tokens),
        expires_at=ends_at(tokens),
        api_version="v3",
        quota_used=used,
        quota_total=total,
        problems=[f"The portal is {_NOT_LIVE[kind]}, not a live one."] if kind in _NOT_LIVE else [],
    )


def link_to(profile: Mapping[str, Any], portal: str) -> str:
    """Where a person opens a contact; `{}` stands for its id."""
    return f"https://{web_host(profile.get('ui_domain'))}/contacts/{portal}/record/0-1/{{}}"


def web_host(said: object) -> str:
    """Where the portal's pages are."""
    return said if isinstance(said, str) and _APP.fullmatch(said) else _OWN_APP


def zone_of(said: object) -> str:
    """The name of a time zone that is known here; '' of any other."""
    try:
        return ZoneInfo(said).key if isinstance(said, str) and said else ""
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""


def _private_scopes(api: HubspotApi, tokens: TokenSource) -> tuple[str, ...]:
    """A private app's token tells them, in a body; an OAuth token's would have to stand in a URL."""
    token = tokens.access_token()
    if not token.startswith(_PRIVATE_APP):
        return ()
    answer = api.answer("POST", _PRIVATE_SCOPES, {"tokenKey": token})
    return tuple(texts(answer.content().get("scopes")))


def _quota(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Requests of today and a day's limit; OAuth apps have none."""
    total, left = headers.get(_DAILY, ""), headers.get(_LEFT, "")
    if not (total.isdigit() and left.isdigit()):
        return None, None
    return max(0, int(total) - int(left)), int(total)
