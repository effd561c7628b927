"""Logging in to HubSpot: a service key or a private app's token, without an end; or OAuth, 30 minutes.

The refresh token stays the same, so a lost answer may be asked for again.

Source: HubSpot, "Manage OAuth access tokens with the 2026-03 API" and its OpenAPI document, 2026-08;
version 1 of these addresses ends on 2027-02-16.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from aicmo.gateways.login import Login, needs_a_person
from aicmo.gateways.oauth import Consent
from aicmo.gateways.oauth_tokens import AnswerLost, granted, lost, post_form, with_tokens

READING = ("crm.objects.contacts.read",)
SCOPES = (*READING, "crm.objects.contacts.write")
_READS = ("oauth", *READING, "crm.schemas.contacts.read", "crm.lists.read")
_CONSENT = (*_READS, "crm.objects.contacts.write", "crm.schemas.contacts.write", "crm.lists.write")
_PAGE, _API, _TOKEN = "https://app.hubspot.com", "https://api.hubapi.com", "/oauth/2026-03/token"
_AHEAD, _LIFE = timedelta(minutes=5), timedelta(minutes=30)


def consent_page(login: Login, consent: Consent) -> str:
    """The page that asks an administrator of the account."""
    page = f"{login.api_url or _PAGE}/oauth/authorize"
    return consent.address(page, login.client_id, login.scopes or _CONSENT, {})


def log_in(login: Login, consent: Consent, code: str, now: datetime) -> Login:
    """What the consent gives.

    Raises:
        NoToken: nothing.
    """
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": consent.redirect}
    return _ask(login, form, now)


def to_read(login: Login) -> Login:
    """A log-in that asks for no more than to read."""
    return login.with_(scopes=_READS)


def is_due(login: Login, now: datetime) -> bool:
    """A service key and a private app's token have no end."""
    if login.expires_at is None:
        return bool(login.refresh_token)
    return now >= login.expires_at - _AHEAD


def refresh(login: Login, now: datetime) -> Login:
    """A new token.

    Raises:
        NoToken: it is refused, or can't be asked for.
    """
    if not login.refresh_token:
        raise needs_a_person("", "the log-in has expired, and there is no refresh token")
    return _ask(login, {"grant_type": "refresh_token", "refresh_token": login.refresh_token}, now)


def _ask(login: Login, form: dict[str, str], now: datetime) -> Login:
    app = {"client_id": login.client_id, "client_secret": login.client_secret}
    try:
        content = granted(post_form(login.api_url or _API, _TOKEN, {**form, **app}), now)
        found = with_tokens(login, content, now)
    except AnswerLost:
        raise lost() from None
    return found.with_(
        scopes=_scopes(content) or found.scopes, expires_at=found.expires_at or now + _LIFE
    )


def _scopes(content: Mapping[str, Any]) -> tuple[str, ...]:
    said = content.get("scopes")
    return tuple(str(each) for each in cast("list[Any]", said)) if isinstance(said, list) else ()
