"""Logging in to LinkedIn: a token of 60 days; approved partners also get one to refresh it with.

Source: Microsoft Learn, "Authorization Code Flow (3-legged OAuth)", 2026-08.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aicmo.gateways.login import Login, needs_a_person
from aicmo.gateways.oauth import Consent
from aicmo.gateways.oauth_tokens import AnswerLost, after, granted, lost, post_form, with_tokens

SCOPES = ("openid", "profile", "w_member_social")
ORGANISATION_SCOPES = (*SCOPES, "r_organization_social", "w_organization_social")
"""For posts as a page; an app has them only with the product Community Management."""
_SITE, _TOKEN = "https://www.linkedin.com", "/oauth/v2/accessToken"
_AHEAD = timedelta(days=1)


def consent_page(login: Login, consent: Consent) -> str:
    """The page that asks the member; this flow of LinkedIn's knows no PKCE."""
    page = f"{login.api_url or _SITE}/oauth/v2/authorization"
    return consent.address(page, login.client_id, login.scopes or SCOPES, {})


def log_in(login: Login, consent: Consent, code: str, now: datetime) -> Login:
    """What the member's consent gives.

    Raises:
        NoToken: nothing.
    """
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": consent.redirect}
    return _ask(login, form, now)


def is_due(login: Login, now: datetime) -> bool:
    """Without a refresh token there is nothing to do but to log in anew, when it is over."""
    if login.expires_at is None:
        return False
    ahead = _AHEAD if login.refresh_token else timedelta()
    return now >= login.expires_at - ahead


def refresh(login: Login, now: datetime) -> Login:
    """A new token; the refresh token stays the same for its 365 days.

    Raises:
        NoToken: it is refused, or can't be asked for.
    """
    if not login.refresh_token:
        raise needs_a_person("", "the log-in has expired, and LinkedIn gave no refresh token")
    return _ask(login, {"grant_type": "refresh_token", "refresh_token": login.refresh_token}, now)


def _ask(login: Login, form: dict[str, str], now: datetime) -> Login:
    app = {"client_id": login.client_id, "client_secret": login.client_secret}
    try:
        content = granted(post_form(login.api_url or _SITE, _TOKEN, {**form, **app}), now)
        found = with_tokens(login, content, now)
    except AnswerLost:
        raise lost() from None
    ends_at = after(now, content.get("refresh_token_expires_in"))
    return found.with_(ends_at=ends_at or found.ends_at)
